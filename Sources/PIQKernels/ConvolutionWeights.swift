package import PIQTensor

/// The weights of a convolution, in their stored form and with factors that are still to be
/// multiplied in, so that no copy stays beside the transformed weights.
package struct ConvolutionWeights: Sendable {
  /// [C, F, kH, kW] before the factors.
  private let values: TensorSource
  /// [C].
  private let scale: Tensor?
  /// [kH kW, C F], where the weights are kept in this form alone.
  private let kept: Tensor?

  /// Weights as PyTorch keeps them, [C, F, kH, kW], times a factor for each coarse channel [C].
  package init(_ values: TensorSource, scale: Tensor? = nil) {
    (self.values, self.scale, kept) = (values, scale, nil)
  }

  /// Weights of which the taps [kH kW, C F] may be at hand, too.
  package init(_ values: TensorSource, taps: Tensor?) {
    (self.values, scale, kept) = (values, nil, taps)
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

  /// A matrix for each tap, [kH kW, C F].
  var taps: Tensor {
    let shape = shape
    return kept ?? transposedMatrix(folded.reshaped([shape[0] * shape[1], shape[2] * shape[3]]))
  }
}
