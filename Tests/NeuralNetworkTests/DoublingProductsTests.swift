import NeuralNetwork
import Tensor
import TestSupport
import Testing

/// The fast way through layers that double or halve, which many channels take, against loops.
@Suite struct DoublingProductsTests {
  private let generator = Initializer(seed: 17)

  /// What 8 bits leave of a sum of some thousand products is far better than of each of them.
  private static let precisions = Precision.allCases.filter(\.isNative)

  private func tolerance(_ precision: Precision) -> Double { precision == .float32 ? 1e-5 : 2e-2 }

  private func random(_ shape: [Int]) -> Tensor { generator.uniform(shape, bound: 1) }

  @Test(arguments: [(1, 1, 1), (1, 2, 5), (2, 3, 4), (1, 7, 8), (3, 6, 2)], precisions)
  func doubling(size: (Int, Int, Int), precision: Precision) throws {
    let ((batch, height, width), inputs, outputs) = (size, 72, 64)
    let layer = ConvTranspose2d(
      inputs, outputs, kernel: (4, 4), stride: (2, 2), padding: 1, using: generator)
    let x = random([batch, height, width, inputs])
    let gradient = random([batch, 2 * height, 2 * width, outputs])
    let expected = Definition.transposedConvolution(
      x, layer.weight.value, layer.bias.value, stride: (2, 2), padding: 1)
    let result = try autocast(precision) { try layer.differentiated(x) }
    let tolerance = tolerance(precision)
    #expect(TensorDifference(result.value, expected).relative < tolerance)
    let toInput = try result.pullback(gradient)
    let naive = backward(x, layer.weight.value, gradient)
    #expect(TensorDifference(toInput, naive.input).relative < tolerance)
    #expect(
      TensorDifference(try #require(layer.weight.gradient), naive.weight).relative < tolerance)
  }

  /// A convolution is a transposed one the other way round. Odd extents have a last row or column
  /// that a window reaches.
  @Test(arguments: [(1, 2, 2), (1, 4, 11), (2, 7, 8), (1, 15, 17), (3, 12, 5)], precisions)
  func halving(size: (Int, Int, Int), precision: Precision) throws {
    let ((batch, height, width), inputs, outputs) = (size, 72, 64)
    let layer = Conv2d(inputs, outputs, kernel: 4, stride: 2, padding: 1, using: generator)
    let x = random([batch, height, width, inputs])
    let gradient = random([batch, height / 2, width / 2, outputs])
    let expected = Definition.convolution(
      x, layer.weight.value, layer.bias.value, stride: 2, padding: 1)
    let result = try autocast(precision) { try layer.differentiated(x) }
    let tolerance = tolerance(precision)
    #expect(TensorDifference(result.value, expected).relative < tolerance)
    let toInput = try result.pullback(gradient)
    #expect(toInput.shape == x.shape)
    let naive = backward(gradient, layer.weight.value, x)
    let back = Definition.transposedConvolution(
      gradient, layer.weight.value, Tensor(shape: [inputs]), stride: (2, 2), padding: 1)
    // The transposed convolution has no more rows than windows reach.
    let reached = cut(toInput, height: back.shape[1], width: back.shape[2])
    #expect(TensorDifference(reached, cut(back, to: reached.shape)).relative < tolerance)
    #expect(
      TensorDifference(try #require(layer.weight.gradient), naive.weight).relative < tolerance)
  }

  private func cut(_ x: Tensor, height: Int, width: Int) -> Tensor {
    cut(x, to: [x.shape[0], min(height, x.shape[1]), min(width, x.shape[2]), x.shape[3]])
  }

  private func cut(_ x: Tensor, to shape: [Int]) -> Tensor {
    let values = x.elements
    var result: [Float] = []
    for b in 0..<shape[0] {
      for h in 0..<shape[1] {
        for w in 0..<shape[2] {
          let start = ((b * x.shape[1] + h) * x.shape[2] + w) * x.shape[3]
          result += values[start..<start + x.shape[3]]
        }
      }
    }
    return Tensor(shape: shape, result)
  }

  /// y[2h + a - 1] += x[h] w[a], backwards.
  private func backward(
    _ x: Tensor, _ weight: Tensor, _ gradient: Tensor
  ) -> (input: Tensor, weight: Tensor) {
    let (height, width, i, o) = (x.shape[1], x.shape[2], x.shape[3], gradient.shape[3])
    let (rows, columns) = (gradient.shape[1], gradient.shape[2])
    let (xs, ws, gs) = (x.elements, weight.elements, gradient.elements)
    var toX = [Double](repeating: 0, count: xs.count)
    var toW = [Double](repeating: 0, count: ws.count)
    for b in 0..<x.shape[0] {
      for h in 0..<height {
        for w in 0..<width {
          for tap in 0..<16 {
            let (row, column) = (2 * h + tap / 4 - 1, 2 * w + tap % 4 - 1)
            guard (0..<rows).contains(row), (0..<columns).contains(column) else { continue }
            let g = ((b * rows + row) * columns + column) * o
            let p = ((b * height + h) * width + w) * i
            for input in 0..<i {
              for output in 0..<o {
                let k = (input * o + output) * 16 + tap
                toX[p + input] += Double(gs[g + output]) * Double(ws[k])
                toW[k] += Double(gs[g + output]) * Double(xs[p + input])
              }
            }
          }
        }
      }
    }
    return (
      Tensor(shape: x.shape, toX.map { Float($0) }),
      Tensor(shape: weight.shape, toW.map { Float($0) })
    )
  }
}
