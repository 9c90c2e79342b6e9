public import PIQ
public import PIQClassifiers
public import PIQExplanations
import PIQNeuralNetwork
import PIQSpectral
import PIQTensor

/// A model with few channels and bins and random weights: quick, and as fussy as a real one about
/// lengths.
public enum TinyModel {
  /// The names of its classes.
  public static let labels = ["hum", "click", "hiss"]

  /// Its settings.
  public static func configuration(
    normalize: Normalization = .none, reducesDim: Bool = true
  ) throws -> ModelConfiguration {
    ModelConfiguration(
      name: "tiny",
      stft: try STFTConfiguration(sampleRate: 8000, nFFT: 64, hopLength: 16, windowLength: 48),
      normalize: normalize, embeddingModel: .init(ConvolutionalEncoder.Settings(dim: 4)),
      classifier: .init(inputSize: 4, blockCount: 1, blockSize: 8, classCount: 3),
      psi: .init(dim: 4, keyCount: 60, classCount: 3, reducesDim: reducesDim),
      labels: labels, logitScale: 5)
  }

  /// The model, with the same weights in every run.
  public static func interpreter(_ configuration: ModelConfiguration) throws -> Interpreter {
    let initializer = Initializer(seed: 11)
    return try Interpreter(configuration) { name, shape in
      let values = initializer.uniform(shape, bound: 0.6)
      // A variance has to be positive.
      return name.hasSuffix("running_var")
        ? Tensor(shape: shape, values.elements.map { abs($0) + 0.5 }) : values
    }
  }

  /// A sound of `count` samples that is the same in every run: noise that comes and goes.
  public static func clip(_ count: Int, level: Float = 0.5) -> [Float] {
    var generator = SeededGenerator(seed: 12)
    return (0..<count).map { i in
      Float.random(in: -level...level, using: &generator) * Float(1 + i / 200 % 3) / 3
    }
  }
}
