public import ArgumentParser
public import PIQAudio
public import PIQPipeline

// The libraries' choices as option values; the libraries do not depend on a command line.

extension AudioFormat: ExpressibleByArgument {}
extension SampleEncoding: ExpressibleByArgument {}
extension ExistingOutputs: ExpressibleByArgument {}
extension Normalization: ExpressibleByArgument {}
extension Tail: ExpressibleByArgument {}
extension ExplanationMethod: ExpressibleByArgument {}
extension PrecisionChoice: ExpressibleByArgument {}
extension NetworkConfiguration.Input: ExpressibleByArgument {}
extension NetworkConfiguration.Layout: ExpressibleByArgument {}
extension NetworkConfiguration.Gain: ExpressibleByArgument {}
extension NetworkConfiguration.Execution: ExpressibleByArgument {}
extension NetworkConfiguration.Aggregate: ExpressibleByArgument {}
extension OutputActivation: ExpressibleByArgument {}
