public import ArgumentParser
public import PIQAudio
public import PIQPipeline
public import PIQTraining

// The libraries' own choices as option values; the libraries do not know of a command line.

extension AudioFormat: ExpressibleByArgument {}
extension SampleEncoding: ExpressibleByArgument {}
extension ExistingOutputs: ExpressibleByArgument {}
extension Normalization: ExpressibleByArgument {}
extension Tail: ExpressibleByArgument {}
extension ExplanationMethod: ExpressibleByArgument {}
extension OptimizationSettings.Schedule: ExpressibleByArgument {}
extension PrecisionChoice: ExpressibleByArgument {}
