import Foundation
import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTraining

/// Sounds that need no files: tones, noise and chirps, 0.5 s at 4 kHz.
enum SyntheticSet {
  static let labels = ["chirp", "noise", "tone"]
  static let rate = 4000
  static let toneFrequencies = 700.0...1300.0

  static func clips(perClass count: Int, seed: UInt64) -> ClipSet {
    ClipSet(
      (0..<count * labels.count).map { i in
        var random = RandomStream(seed: seed, path: [i])
        let label = i % labels.count
        return ClipSet.Clip(name: "\(i)", samples: sound(label, &random), label: label)
      })
  }

  static func sound(_ label: Int, _ random: inout RandomStream) -> [Float] {
    let count = rate / 2
    let frequency = random.number(in: toneFrequencies)
    let noise = random.normal(count)
    switch label {
    case 1: return noise.map { 0.2 * $0 }
    case 2: return tone(frequency, count).enumerated().map { 0.5 * $1 + 0.002 * noise[$0] }
    default:
      return (0..<count).map { i in
        let time = Double(i) / Double(rate)
        let phase = 2 * Double.pi * (300 * time + 1300 * time * time)
        return Float(0.5 * sin(phase * (frequency / 1000))) + 0.002 * noise[i]
      }
    }
  }

  static func tone(_ frequency: Double, _ count: Int) -> [Float] {
    (0..<count).map { Float(sin(2 * Double.pi * frequency * Double($0) / Double(rate))) }
  }

  /// A recipe small enough for a test.
  static var classifierRecipe: ClassifierRecipe {
    var recipe = ClassifierRecipe()
    recipe.data.cropSeconds = 0
    recipe.optimization.epochs = 14
    recipe.optimization.batchSize = 6
    recipe.optimization.learningRate = 5e-3
    recipe.augmentation.timeMaskFrames = 8
    recipe.augmentation.frequencyMaskBins = 8
    recipe.augmentation.noise = 0
    recipe.network.dim = 16
    recipe.network.blockSize = 16
    recipe.network.sampleRate = rate
    recipe.network.nFFT = 128
    recipe.network.hopLength = 4
    recipe.network.windowLength = 16
    return recipe
  }

  static var interpreterRecipe: InterpreterRecipe {
    var recipe = InterpreterRecipe()
    recipe.data.cropSeconds = 0
    recipe.optimization.epochs = 30
    recipe.optimization.batchSize = 6
    recipe.optimization.learningRate = 1e-2
    recipe.optimization.validateEvery = 10
    recipe.network.keyCount = 24
    // Of the mask it is asked what the classifier needs, and little else.
    recipe.augmentation.mixup = 0.4
    recipe.objective.reconstruction = 0.2
    (recipe.objective.maskedIn, recipe.objective.maskedOut) = (1, 0.2)
    recipe.objective.sparsity = 0.3
    return recipe
  }
}
