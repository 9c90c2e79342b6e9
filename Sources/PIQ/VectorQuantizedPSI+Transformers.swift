public import PIQNeuralNetwork

/// The decoder that FocalNet and ViT classifiers share: it gives 431 by 513 for a 14 by 14 map.
private let imageDecoderLayers: Decoder.LayerSizes = [
  ((3, 3), (4, 5)), ((4, 1), (2, 2)), ((4, 1), (2, 2)), ((4, 2), (2, 2)), ((10, 8), (1, 1)),
]

/// The interpreter of a FocalNet classifier (`VectorQuantizedPSIFocalNet_Audio`).
///
///     let initializer = Initializer(seed: 1)
///     let psi = try VectorQuantizedPSIFocalNet(using: initializer)  // dim 1024
///     let output = try psi(hidden, labels: [0, 2], mode: .evaluation)
///     // hidden [2, 16, 16, 1024]: reconstruction [2, 495, 593, 1], quantized [2, 8, 8, 1024]
public final class VectorQuantizedPSIFocalNet: VectorQuantizedPSI {
  override class var decoderLayers: Decoder.LayerSizes { imageDecoderLayers }

  /// A network for FocalNet-base's 1024 channels, with upstream's other defaults.
  ///
  /// - Throws: as `VectorQuantizedPSI.init(_:using:)`.
  public convenience init(using initializer: Initializer) throws(PIQError) {
    try self.init(Settings(dim: 1024), using: initializer)
  }
}

/// The interpreter of a ViT classifier (`VectorQuantizedPSIViT_Audio`).
///
///     let initializer = Initializer(seed: 1)
///     let psi = try VectorQuantizedPSIViT(using: initializer)  // dim 768
///     let output = try psi(hidden, labels: [0, 2], mode: .evaluation)
///     // hidden [2, 14, 14, 768]: reconstruction [2, 431, 513, 1], quantized [2, 7, 7, 768]
public final class VectorQuantizedPSIViT: VectorQuantizedPSI {
  override class var decoderLayers: Decoder.LayerSizes { imageDecoderLayers }

  /// A network for ViT-B/16's 768 channels, with upstream's other defaults.
  ///
  /// - Throws: as `VectorQuantizedPSI.init(_:using:)`.
  public convenience init(using initializer: Initializer) throws(PIQError) {
    try self.init(Settings(dim: 768), using: initializer)
  }
}
