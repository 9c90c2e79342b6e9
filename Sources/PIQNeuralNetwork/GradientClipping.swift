import PIQTensor

/// Scales all gradients by one factor where their common Euclidean norm is above `limit`, so that it
/// becomes `limit` (`torch.nn.utils.clip_grad_norm_`).
///
/// - Returns: the norm before. It is not finite where a value of a gradient is not; the gradients
///   then stay as they are, and a step with them would spoil the parameters.
public func clipGradients(_ parameters: [Parameter], toNorm limit: Double) -> Double {
  let squares = parameters.reduce(0) { $0 + ($1.gradient.map(sumOfSquares) ?? 0) }
  let norm = squares.squareRoot()
  // The summand is PyTorch's, against a division by zero.
  let factor = limit / (norm + 1e-6)
  guard norm.isFinite, factor < 1 else { return norm }
  for parameter in parameters {
    parameter.gradient?.withUnsafeMutableBuffer { gradient in
      for i in 0..<gradient.count { gradient[i] *= Float(factor) }
    }
  }
  return norm
}

/// The sum of the squares of all values, in double precision: it overflows for no finite value.
private func sumOfSquares(_ x: Tensor) -> Double {
  x.withUnsafeBuffer { x in
    let whole = x.count - x.count % 8
    var lanes = SIMD8<Double>.zero
    for i in stride(from: 0, to: whole, by: 8) {
      var values = SIMD8<Float>.zero
      for j in 0..<8 { values[j] = x[i + j] }
      let wide = SIMD8<Double>(values)
      lanes += wide * wide
    }
    return x[whole...].reduce(lanes.sum()) { $0 + Double($1) * Double($1) }
  }
}
