import PIQOneDNN
import PIQTensor

/// A convolution as products of matrices: the windows of some outputs, side by side, times the
/// kernel. Sums do not depend on the number of cores, and nothing has to be prepared for the size of
/// a map, as oneDNN's convolutions want it.
final class WindowPlan: ForwardPlan {
  private let geometry: ConvolutionGeometry
  /// [kH kW I, O].
  private let kernel: Tensor
  private let bias: Tensor
  private let fusion: Fusion
  private var windowSize: Int { kernel.shape[0] }

  /// Outputs at a time: many enough for fast products, few enough for the caches.
  private var outputsAtATime: Int { min(2048, max(96, 65_536 / windowSize)) }

  /// - Parameters:
  ///   - weights: [O, I, kH, kW].
  ///   - bias: [O].
  init(
    _ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor, fusing fusion: Fusion = Fusion()
  ) {
    precondition(!geometry.isTransposed, "windows are those of an ordinary convolution")
    self.geometry = geometry
    self.bias = bias
    self.fusion = fusion
    kernel = Self.windowKernel(weights)
  }

  /// [O, I, kH, kW] to [kH kW I, O].
  private static func windowKernel(_ weights: Tensor) -> Tensor {
    let (o, i, taps) = (weights.shape[0], weights.shape[1], weights.shape[2] * weights.shape[3])
    return weights.withUnsafeBuffer { weights in
      Tensor(shape: [taps * i, o]) { kernel in
        guard let weights = weights.baseAddress, let kernel = kernel.baseAddress else { return }
        nonisolated(unsafe) let (source, target) = (weights, kernel)
        inParallel(rows: i) { range in
          // A line of the cache at a time on both sides.
          for input in range {
            for first in stride(from: 0, to: o, by: 16) {
              for tap in 0..<taps {
                let (source, target) = (source + input * taps + tap, target + (tap * i + input) * o)
                for output in first..<min(first + 16, o) {
                  target[output] = source[output * i * taps]
                }
              }
            }
          }
        }
      }
    }
  }

  func work(on x: Tensor) -> LayerClock.Work {
    let multiplications = geometry.shape(of: x).multiplications
    return .init(
      method: "windows (\(Float.kernel))", multiplications: multiplications,
      performed: multiplications)
  }

  func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    let shape = geometry.shape(of: x)
    try shape.check(x)
    let (count, channels, window) = (shape.outputPixels, shape.outChannels, windowSize)
    var output = residual ?? Tensor(shape: shape.output) { _ in }
    let size = outputsAtATime
    let windows = WorkerBuffers<Float>(count: size * window)
    try NormalizedMaps(x).withPixels { source in
      try PixelOperation.with(bias, fusion, channels: channels) { operation in
        try kernel.withFactors(of: Float.self) { kernel in
          nonisolated(unsafe) let target = output.factors(of: Float.self)
          try windows.using { () throws(OneDNNError) in
            try shareOut(blocks: (count + size - 1) / size) { (block, worker) throws(OneDNNError) in
              let outputs = block * size..<min((block + 1) * size, count)
              source.gather(outputs, of: shape, to: windows[worker])
              let pixels = target + outputs.lowerBound * channels
              try Float.multiply(
                1, windows[worker], kernel, size: (m: outputs.count, n: channels, k: window),
                transposingLeft: false, transposingRight: false, to: pixels,
                adding: residual != nil)
              operation(pixels, count: outputs.count, channels: channels)
            }
          }
        }
      }
    }
    return output
  }
}
