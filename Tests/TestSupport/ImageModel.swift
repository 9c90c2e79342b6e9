public import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQModels
import PIQNeuralNetwork
import PIQSpectral

/// An untrained ViT with its interpreter: an encoder of one small layer, and a decoder as wide as asked
/// for.
public enum ImageModel {
  /// Its settings.
  ///
  /// - Parameter channels: D, a multiple of 4.
  public static func configuration(channels: Int) -> ModelConfiguration {
    var encoder = ViTEncoder.Settings()
    (encoder.hiddenSize, encoder.intermediateSize) = (channels, 8)
    (encoder.layerCount, encoder.headCount) = (1, 4)
    let labels = ["hum", "click", "hiss"]
    return ModelConfiguration(
      name: "image", stft: .speechBrainPIQ, normalize: .none, embeddingModel: .init(encoder),
      classifier: .init(
        inputSize: channels, blockCount: 1, blockSize: 8, classCount: labels.count),
      psi: .init(
        className: "VectorQuantizedPSIViT_Audio", dim: channels, keyCount: 12,
        classCount: labels.count), labels: labels)
  }

  /// Writes it to a folder that is made.
  public static func write(channels: Int, to path: String) throws {
    let configuration = configuration(channels: channels)
    let networks = try Networks(configuration, using: Initializer(seed: 31))
    try Model.write(
      configuration, weights: networks.state.map { ($0.name, $0.parameter.value) },
      dtype: .float32, to: path)
  }
}
