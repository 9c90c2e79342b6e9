import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQModels
import TestSupport

/// The untrained models of Fixtures, in SpeechBrain's layout.
enum SmallModel: String, CaseIterable {
  case partitioned = "small-speechbrain"
  case shared = "small-speechbrain-shared"

  func read() throws -> SpeechBrainImport {
    try SpeechBrainImport(path: Fixtures.path(rawValue), name: "small")
  }

  /// Imports the model into a folder called `model`.
  ///
  /// - Returns: its path.
  func importModel(
    into folder: TemporaryFolder, dtype: TensorDType = .float32,
    _ change: (inout ModelConfiguration) -> Void = { _ in }
  ) throws -> String {
    let imported = try read()
    var configuration = imported.configuration
    change(&configuration)
    let path = folder("model")
    try Model.write(configuration, weights: imported.weights, dtype: dtype, to: path)
    return path
  }
}
