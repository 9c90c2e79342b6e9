import PIQOneDNN
package import PIQTensor

/// The transposed convolution with kernel 4, stride 2 and padding 1, or with kernel 3, which is one
/// of kernel 4 whose last taps are zero and whose last row and column are left out.
///
/// Along each axis, with the kernel's taps w and the input x,
///
///     y[2j] = w[1] x[j] + w[3] x[j - 1]        y[2j - 1] = w[0] x[j] + w[2] x[j - 1]
///
/// so both come from the same two inputs: a convolution with kernel 2 makes all four phases, odd or
/// even rows times odd or even columns. Where channels are many and the map is large, minimal
/// filtering does it (`DoublingProducts`).
package final class DoublingPlan: ForwardPlan {
  private let geometry: ConvolutionGeometry
  private let weights, bias: Tensor
  private let fusion: Fusion
  private let precision: Precision
  private let kernels: DoublingKernels
  private let windows = Lazy<WindowPlan>()

  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.isTransposed && [.init(4, 4), .init(3, 3)].contains(geometry.kernel)
      && geometry.stride == .init(2, 2) && geometry.padBefore == .init(1, 1)
      && geometry.padAfter == .init(1, 1)
  }

  /// - Parameters:
  ///   - weights: [I, O, 4, 4] or [I, O, 3, 3].
  ///   - bias: [O].
  package init(
    _ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor,
    fusing fusion: Fusion = Fusion()
  ) {
    self.geometry = geometry
    precision = Autocast.precision
    kernels = DoublingKernels(weights: weights, precision: precision)
    self.weights = weights
    self.bias = bias
    self.fusion = fusion
  }

  /// The transposed convolution of `x` [B, H, W, I]: [B, H', W', O]. Nothing can be added.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  package func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "no layer of this network adds to an upsampled map")
    let shape = geometry.shape(of: x)
    try shape.check(x)
    let output = shape.output
    if takesProducts(x) {
      return try kernels.products(forCoarse: x.shape[1], x.shape[2]).fine(
        NormalizedMaps(x), height: output[1], width: output[2], bias: bias, fusing: fusion)
    }
    let windows = windows { makeWindows() }
    return Self.interleaved(try windows(x), output)
  }

  /// Which of the two ways it takes for a map of this size, and with how many multiplications.
  package func work(on x: Tensor) -> LayerClock.Work {
    let (height, width) = (x.shape[1], x.shape[2])
    let definition = geometry.shape(of: x).multiplications
    guard takesProducts(x) else {
      let done = windows { makeWindows() }.work(on: x)
      return .init(
        method: done.method, multiplications: definition, performed: done.performed)
    }
    return kernels.products(forCoarse: height, width).work(
      positions: (height + 1, width + 1), batch: x.shape[0], definition: definition)
  }

  private func takesProducts(_ x: Tensor) -> Bool {
    DoublingProducts.fits(geometry)
      && (precision != .float32
        || DoublingProducts.paysFor(coarseHeight: x.shape[1], width: x.shape[2]))
  }

  /// The convolution from [B, H, W, I] to the phases [B, H + 1, W + 1, 4 O].
  private func makeWindows() -> WindowPlan {
    let channels = geometry.outChannels
    let phases = ConvolutionGeometry(
      inChannels: geometry.inChannels, outChannels: 4 * channels, kernel: .init(2, 2),
      stride: .init(1, 1), padBefore: .init(1, 1), padAfter: .init(1, 1))
    func repeated(_ vector: Tensor) -> Tensor {
      Tensor(shape: [4 * channels], Array(repeatElement(vector.elements, count: 4).joined()))
    }
    var fusion = fusion
    fusion.affine = fusion.affine.map { (repeated($0.scale), repeated($0.shift)) }
    return WindowPlan(
      phases, weights: Self.phaseWeights(weights.padded(toKernel: 4)), bias: repeated(bias),
      fusing: fusion)
  }

  /// [I, O, 4, 4] to [4 O, I, 2, 2].
  private static func phaseWeights(_ weights: Tensor) -> Tensor {
    let (inChannels, outChannels) = (weights.shape[0], weights.shape[1])
    let taps = DoublingProducts.taps
    return weights.withUnsafeBuffer { weights in
      Tensor(shape: [4 * outChannels, inChannels, 2, 2]) { result in
        var target = 0
        for phase in 0..<4 {
          let (rows, columns) = (taps[phase / 2], taps[phase % 2])
          for o in 0..<outChannels {
            for i in 0..<inChannels {
              let kernel = (i * outChannels + o) * 16
              for a in rows {
                for b in columns {
                  result[target] = weights[kernel + a * 4 + b]
                  target += 1
                }
              }
            }
          }
        }
      }
    }
  }

  /// The map of the shape [B, H', W', O] whose phases are [B, H + 1, W + 1, 4 O].
  private static func interleaved(_ phases: Tensor, _ shape: [Int]) -> Tensor {
    let (height, width, channels) = (shape[1], shape[2], shape[3])
    let (rows, columns) = (phases.shape[1], phases.shape[2])
    return phases.withUnsafeBuffer { phases in
      Tensor(shape: shape) { output in
        guard let phases = phases.baseAddress, let output = output.baseAddress else { return }
        nonisolated(unsafe) let (source, target) = (phases, output)
        inParallel(rows: shape[0] * height) { range in
          for line in range {
            let (clip, y) = line.quotientAndRemainder(dividingBy: height)
            for x in 0..<width {
              // The pixel 2 j - 1 or 2 j of position j.
              let position = (clip * rows + (y + 1) / 2) * columns + (x + 1) / 2
              let phase = (y + 1) % 2 * 2 + (x + 1) % 2
              (target + (line * width + x) * channels)
                .update(from: source + (position * 4 + phase) * channels, count: channels)
            }
          }
        }
      }
    }
  }
}

extension Tensor {
  /// Kernels [I, O, k, k] with zeros after their last row and column up to `size`.
  func padded(toKernel size: Int) -> Tensor {
    let k = shape[2]
    guard k < size else { return self }
    var result = Tensor(shape: [shape[0], shape[1], size, size])
    withUnsafeBuffer { values in
      result.withUnsafeMutableBuffer { result in
        for kernel in 0..<shape[0] * shape[1] {
          for a in 0..<k {
            for b in 0..<k {
              result[(kernel * size + a) * size + b] = values[(kernel * k + a) * k + b]
            }
          }
        }
      }
    }
    return result
  }

  /// The first rows and columns of kernels [I, O, k, k].
  func cut(toKernel size: Int) -> Tensor {
    let k = shape[2]
    guard k > size else { return self }
    return withUnsafeBuffer { values in
      Tensor(shape: [shape[0], shape[1], size, size]) { result in
        for i in result.indices {
          let (kernel, tap) = i.quotientAndRemainder(dividingBy: size * size)
          result[i] = values[(kernel * k + tap / size) * k + tap % size]
        }
      }
    }
  }
}
