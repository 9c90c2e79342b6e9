import PIQKernels
import PIQNeuralNetwork
import PIQTensor

/// The sum of contexts of a focal modulation, each times its gate: one context for each level, and
/// one for the whole map.
struct GatedContexts {
  /// [B, H, W, D] for each of the L levels.
  let levels: [Tensor]
  /// [B, D].
  let global: Tensor
  /// [B, H, W, L + 1], the last ones for the whole map.
  let gates: Tensor

  private var channels: Int { global.shape[1] }
  private var gateCount: Int { levels.count + 1 }
  private var pixels: Int { gates.count / gateCount }
  /// The pixels of one clip.
  private var clipPixels: Int { pixels / max(global.shape[0], 1) }

  /// The sum [B, H, W, D].
  func callAsFunction() -> Tensor {
    let (channels, gateCount, clipPixels) = (channels, gateCount, clipPixels)
    return withElements(of: [gates, global] + levels) { elements in
      Tensor(shape: levels[0].shape) { sum in
        guard let sum = sum.baseAddress else { return }
        inParallel(rows: pixels) { pixels in
          for pixel in pixels {
            let gates = elements[0] + pixel * gateCount
            let global = elements[1] + pixel / clipPixels * channels
            let target = sum + pixel * channels
            for c in 0..<channels { target[c] = gates[gateCount - 1] * global[c] }
            for level in 0..<gateCount - 1 {
              let (gate, context) = (gates[level], elements[2 + level] + pixel * channels)
              for c in 0..<channels { target[c] += gate * context[c] }
            }
          }
        }
      }
    }
  }

  /// The gradients of levels, global context and gates for one [B, H, W, D] of the sum.
  func gradients(_ gradient: Tensor) -> (levels: [Tensor], global: Tensor, gates: Tensor) {
    (
      (0..<levels.count).map { scaled(gradient, byGate: $0) }, globalGradient(gradient),
      gateGradient(gradient)
    )
  }

  private func scaled(_ gradient: Tensor, byGate gate: Int) -> Tensor {
    let (channels, gateCount) = (channels, gateCount)
    return withElements(of: gates, gradient) { elements in
      Tensor(shape: gradient.shape) { result in
        guard let result = result.baseAddress else { return }
        inParallel(rows: pixels) { pixels in
          for pixel in pixels {
            let factor = elements[0][pixel * gateCount + gate]
            let (source, target) = (elements[1] + pixel * channels, result + pixel * channels)
            for c in 0..<channels { target[c] = factor * source[c] }
          }
        }
      }
    }
  }

  private func globalGradient(_ gradient: Tensor) -> Tensor {
    // The mean is over the pixels, the gradient a sum.
    spatialMean(scaled(gradient, byGate: gateCount - 1)).scaled(by: Float(clipPixels))
  }

  private func gateGradient(_ gradient: Tensor) -> Tensor {
    let (channels, gateCount, clipPixels) = (channels, gateCount, clipPixels)
    return withElements(of: [gradient, global] + levels) { elements in
      Tensor(shape: gates.shape) { result in
        guard let result = result.baseAddress else { return }
        inParallel(rows: pixels) { pixels in
          for pixel in pixels {
            let gradient = elements[0] + pixel * channels
            for gate in 0..<gateCount {
              let context =
                gate < gateCount - 1
                ? elements[2 + gate] + pixel * channels
                : elements[1] + pixel / clipPixels * channels
              var sum: Float = 0
              for c in 0..<channels { sum += gradient[c] * context[c] }
              result[pixel * gateCount + gate] = sum
            }
          }
        }
      }
    }
  }
}
