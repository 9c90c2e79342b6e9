package import PIQTensor

/// The weights of a convolution, in their stored form and with factors that are still to be
/// multiplied in, so that no copy stays beside the transformed weights.
package struct ConvolutionWeights: Sendable {
  /// [C, F, kH, kW] before the factors.
  private let values: TensorSource
  /// [C].
  private let scale: Tensor?

  /// Weights as PyTorch keeps them, [C, F, kH, kW], times a factor for each coarse channel [C].
  package init(_ values: TensorSource, scale: Tensor? = nil) {
    self.values = values
    self.scale = scale
  }

  /// [C, F, kH, kW].
  var shape: [Int] { values.shape }

  /// The weights [C, F, kH, kW], a copy where there are factors.
  var folded: Tensor {
    guard let scale else { return values.value }
    var folded = values.value
    let row = folded.count / scale.count
    folded.withUnsafeMutableBuffer { folded in
      for (c, factor) in scale.elements.enumerated() {
        for i in c * row..<(c + 1) * row { folded[i] *= factor }
      }
    }
    return folded
  }
}
