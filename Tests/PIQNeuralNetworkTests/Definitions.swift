import PIQTensor

/// The layers as their formulas say, in double precision, one loop an index. Slow on purpose: they
/// define what the fast ways must give.
enum Definition {
  /// x [B, H, W, I], weights [O, I, kH, kW].
  static func convolution(
    _ x: Tensor, _ weights: Tensor, _ bias: Tensor, stride s: Int, padding p: Int
  ) -> Tensor {
    let (b, h, w, inputs) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let (outputs, kH, kW) = (weights.shape[0], weights.shape[2], weights.shape[3])
    let (height, width) = ((h + 2 * p - kH) / s + 1, (w + 2 * p - kW) / s + 1)
    let (x, weights, bias) = (x.elements, weights.elements, bias.elements)
    return Tensor(shape: [b, height, width, outputs]) { y in
      for n in 0..<b {
        for r in 0..<height {
          for c in 0..<width {
            for o in 0..<outputs {
              var sum = Double(bias[o])
              for i in 0..<inputs {
                for a in 0..<kH {
                  for d in 0..<kW {
                    let (row, column) = (r * s + a - p, c * s + d - p)
                    guard (0..<h).contains(row), (0..<w).contains(column) else { continue }
                    sum +=
                      Double(x[((n * h + row) * w + column) * inputs + i])
                      * Double(weights[((o * inputs + i) * kH + a) * kW + d])
                  }
                }
              }
              y[((n * height + r) * width + c) * outputs + o] = Float(sum)
            }
          }
        }
      }
    }
  }

  /// x [B, H, W, I], weights [I, O, kH, kW].
  static func transposedConvolution(
    _ x: Tensor, _ weights: Tensor, _ bias: Tensor, stride s: (Int, Int), padding p: Int
  ) -> Tensor {
    let (b, h, w, inputs) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let (outputs, kH, kW) = (weights.shape[1], weights.shape[2], weights.shape[3])
    let (height, width) = ((h - 1) * s.0 - 2 * p + kH, (w - 1) * s.1 - 2 * p + kW)
    let (x, weights, bias) = (x.elements, weights.elements, bias.elements)
    var sums = [Double](repeating: 0, count: b * height * width * outputs)
    for i in sums.indices { sums[i] = Double(bias[i % outputs]) }
    for n in 0..<b {
      for r in 0..<h {
        for c in 0..<w {
          for i in 0..<inputs {
            for o in 0..<outputs {
              for a in 0..<kH {
                for d in 0..<kW {
                  let (row, column) = (r * s.0 + a - p, c * s.1 + d - p)
                  guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
                  sums[((n * height + row) * width + column) * outputs + o] +=
                    Double(x[((n * h + r) * w + c) * inputs + i])
                    * Double(weights[((i * outputs + o) * kH + a) * kW + d])
                }
              }
            }
          }
        }
      }
    }
    return Tensor(shape: [b, height, width, outputs], sums.map { Float($0) })
  }

  /// The mean and the biased variance of each of `channels` columns.
  static func statistics(_ x: Tensor, channels: Int) -> (mean: [Double], variance: [Double]) {
    let x = x.elements.map { Double($0) }
    let rows = x.count / channels
    let mean = (0..<channels).map { c in
      (0..<rows).reduce(0) { $0 + x[$1 * channels + c] } / Double(rows)
    }
    let variance = (0..<channels).map { c in
      (0..<rows).reduce(0) { sum, row in
        let d = x[row * channels + c] - mean[c]
        return sum + d * d
      } / Double(rows)
    }
    return (mean, variance)
  }

  static func normalized(
    _ x: Tensor, mean: [Double], variance: [Double], scale: Tensor, shift: Tensor
  ) -> Tensor {
    let (scale, shift) = (scale.elements, shift.elements)
    return Tensor(
      shape: x.shape,
      x.elements.enumerated().map { index, value in
        let c = index % mean.count
        let z = (Double(value) - mean[c]) / (variance[c] + 1e-5).squareRoot()
        return Float(z * Double(scale[c]) + Double(shift[c]))
      })
  }
}
