public import PIQ
public import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
public import PIQModels

/// The untrained models of Fixtures, in SpeechBrain's layout.
public enum SmallModel: String, CaseIterable, Sendable {
  case partitioned = "small-speechbrain"
  case shared = "small-speechbrain-shared"

  /// Reads the model as it is.
  public func read() throws -> SpeechBrainImport {
    try SpeechBrainImport(path: Fixtures.path(rawValue), name: "small")
  }

  /// Imports the model into a folder called `model`.
  ///
  /// - Parameter change: what is to differ in its configuration.
  /// - Returns: the folder's path.
  public func importModel(
    into folder: TemporaryFolder, dtype: TensorDType = .float32,
    _ change: (inout ModelConfiguration) -> Void = { _ in }
  ) throws -> String {
    let imported = try read()
    var configuration = imported.configuration
    change(&configuration)
    let path = folder("model")
    try Model.write(
      configuration, weights: imported.weights, dtype: dtype, to: path, replacing: true)
    return path
  }
}
