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
extension Baseline: ExpressibleByArgument {}

extension Patch: ExpressibleByArgument {
  /// Seconds, or seconds and hertz with an x between them.
  public init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Double($0) }
    let sizes = parts.compactMap(\.self)
    guard (1...2).contains(parts.count), sizes.count == parts.count,
      sizes.allSatisfy({ $0 > 0 && $0 < 1e6 })
    else { return nil }
    self.init(seconds: sizes[0], hertz: sizes.count > 1 ? sizes[1] : nil)
  }

  public var defaultValueDescription: String { "\(seconds)" + (hertz.map { "x\($0)" } ?? "") }
}
