import PIQNeuralNetwork
package import PIQTensor

/// A log-power spectrogram as networks for pictures take it: resized to a square, on three equal
/// channels, without normalisation (`preprocess` of SpeechBrain's recipes).
package struct SpectrogramImage {
  /// Red, green and blue.
  static let channels = 3

  /// S, rows and columns of the image.
  let size: Int
  private let resize: BilinearResize

  /// Images of S rows and columns.
  ///
  /// - Parameter antialias: whether a pixel is the mean of all cells that it stands for, as
  ///   torchvision has it since 0.17, and not of the nearest two a side.
  package init(size: Int, antialias: Bool) {
    self.size = size
    resize = BilinearResize(rows: size, columns: size, antialias: antialias)
  }

  /// Maps spectrograms [B, T, F] to [B, S, S, 3]: B clips, T frames, F bins, S rows (time) and
  /// columns (frequency).
  package func callAsFunction(_ x: Tensor) throws(PIQError) -> Tensor {
    try checkShape(x)
    let image = resize(x.reshaped(x.shape + [1]))
    return Tensor(joiningChannels: Array(repeating: image, count: Self.channels))
  }

  /// The image with its pullback to the gradient of the spectrograms.
  func differentiated(_ x: Tensor) throws(PIQError) -> Differentiated {
    try checkShape(x)
    let image = resize.differentiated(x.reshaped(x.shape + [1]))
    let copies = Array(repeating: image.value, count: Self.channels)
    return Differentiated(Tensor(joiningChannels: copies)) { gradient in
      let parts = gradient.channelParts(Array(repeating: 1, count: Self.channels))
      let total = parts[1...].reduce(parts[0], sum)
      return try image.pullback(total).reshaped(x.shape)
    }
  }

  private func checkShape(_ x: Tensor) throws(PIQError) {
    guard x.shape.count == 3, x.shape.allSatisfy({ $0 > 0 }) else {
      throw .mismatch("the encoder takes spectrograms with frames and bins, not \(x.shape)")
    }
  }
}
