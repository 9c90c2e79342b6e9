import PIQKernels
import PIQOneDNN
public import PIQTensor

/// A convolution of each channel with a kernel of its own (`torch.nn.Conv2d` with `groups` equal to
/// the channels), stride 1, zeros around the map so that it keeps its size, and no bias.
public final class DepthwiseConv2d: Layer {
  /// [C, 1, k, k]; `weight` in the state dict.
  public let weight: Parameter
  private let channels, kernel: Int

  /// A convolution of C channels with PyTorch's initial values: uniform within ±1/k.
  ///
  /// - Parameter kernel: k, rows and columns of the kernels; odd.
  public init(_ channels: Int, kernel: Int, using initializer: Initializer) {
    precondition(!kernel.isMultiple(of: 2), "a kernel of \(kernel) has no centre")
    self.channels = channels
    self.kernel = kernel
    weight = Parameter(
      initializer.uniform([channels, 1, kernel, kernel], bound: 1 / Float(kernel)))
  }

  public var state: [(name: String, parameter: Parameter)] { [("weight", weight)] }

  /// Convolves `x` [B, H, W, C].
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    guard x.shape.count == 4, x.shape[3] == channels else {
      throw OneDNNError(
        operation: "a depthwise convolution of \(channels) channels", reason: "given \(x.shape)")
    }
    return convolve(x, taps)
  }

  /// The convolution with its pullback, which accumulates the gradient of the weights.
  ///
  /// - Throws: as `callAsFunction`.
  public func differentiated(_ x: Tensor) throws -> Differentiated {
    Differentiated(try self(x)) { [self] gradient in
      if weight.needsGradient { weight.accumulate(weightGradient(gradient, at: x)) }
      // The transpose is a convolution with the kernel the other way round.
      let count = kernel * kernel
      return convolve(gradient, Tensor(stacking: (0..<count).map { taps.row(count - 1 - $0) }))
    }
  }

  /// The weights [k k, C]: those of all channels at one tap together.
  private var taps: Tensor {
    weight.value.reshaped([channels, kernel * kernel]).transposed([1, 0])
  }

  private func convolve(_ x: Tensor, _ taps: Tensor) -> Tensor {
    let (height, width) = (x.shape[1], x.shape[2])
    let row = width * channels
    return withElements(of: x, taps) { elements in
      Tensor(shape: x.shape) { y in
        guard let y = y.baseAddress else { return }
        inParallel(rows: x.shape[0] * height) { rows in
          for line in rows {
            let sources = (0..<kernel).map { tap -> UnsafePointer<Float>? in
              let source = line % height + tap - kernel / 2
              guard (0..<height).contains(source) else { return nil }
              return elements[0] + (line / height * height + source) * row
            }
            depthwiseRow(
              sources, width: width, channels: channels, weights: elements[1], to: y + line * row)
          }
        }
      }
    }
  }

  private func weightGradient(_ gradient: Tensor, at x: Tensor) -> Tensor {
    let (height, width, channels, margin) = (x.shape[1], x.shape[2], channels, kernel / 2)
    let sums = withElements(of: x, gradient) { elements in
      sumInParallel(rows: x.shape[0] * height, count: kernel * kernel * channels) { lines, sums in
        for line in lines {
          for (a, b) in (0..<kernel * kernel).map({ ($0 / kernel - margin, $0 % kernel - margin) })
          where (0..<height).contains(line % height + a) {
            let sums = sums + ((a + margin) * kernel + b + margin) * channels
            for column in max(0, -b)..<max(0, -b, min(width, width - b)) {
              let source = elements[0] + ((line + a) * width + column + b) * channels
              let gradient = elements[1] + (line * width + column) * channels
              for c in 0..<channels { sums[c] += Double(source[c] * gradient[c]) }
            }
          }
        }
      }
    }
    return Tensor(shape: [kernel * kernel, channels], sums.map { Float($0) }).transposed([1, 0])
  }
}

extension Tensor {
  /// The row `index` of the first axis, without that axis.
  fileprivate func row(_ index: Int) -> Tensor {
    rows(index..<index + 1).reshaped(Array(shape.dropFirst()))
  }
}
