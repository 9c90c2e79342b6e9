import PIQKernels
public import PIQTensor

/// x Φ(x) of each element, Φ the normal distribution (GELU by erf, Hendrycks and Gimpel, arXiv
/// 1606.08415; `torch.nn.GELU` with its default).
public func gelu(_ x: Tensor) -> Tensor {
  combine(x, x) { range, x, _, y in
    gelu(x + range.lowerBound, count: range.count, to: y + range.lowerBound)
  }
}

/// GELU with its pullback.
public func differentiatedGelu(_ x: Tensor) -> Differentiated {
  Differentiated(gelu(x)) { gradient in
    combine(x, gradient) { range, x, gradient, result in
      let first = range.lowerBound
      geluGradient(x + first, gradient + first, count: range.count, to: result + first)
    }
  }
}
