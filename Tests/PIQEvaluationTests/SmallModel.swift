import Foundation
import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQModels
import TestSupport

/// The small model of Fixtures, in this package's own layout, inside `folder`.
func smallModel(in folder: TemporaryFolder) throws -> Model {
  let imported = try SpeechBrainImport(
    path: Fixtures.path("small-speechbrain"), name: "small", normalize: .peak)
  try Model.write(
    imported.configuration, weights: imported.weights, dtype: .float32, to: folder("model"))
  return try Model(path: folder("model"))
}
