import NeuralNetwork
import Tensor
import TestSupport
import Testing

/// The fast way through a layer that doubles, which many channels take, against loops.
@Suite struct DoublingProductsTests {
  private let generator = Initializer(seed: 17)

  @Test(arguments: [(1, 1, 1), (1, 2, 5), (2, 3, 4), (1, 7, 8), (3, 6, 2)])
  func valueAndGradients(batch: Int, height: Int, width: Int) throws {
    let (inputs, outputs) = (72, 64)
    let layer = ConvTranspose2d(
      inputs, outputs, kernel: (4, 4), stride: (2, 2), padding: 1, using: generator)
    let x = generator.uniform([batch, height, width, inputs], bound: 1)
    let gradient = generator.uniform([batch, 2 * height, 2 * width, outputs], bound: 1)
    let expected = Definition.transposedConvolution(
      x, layer.weight.value, layer.bias.value, stride: (2, 2), padding: 1)
    let result = try layer.differentiated(x)
    #expect(TensorDifference(result.value, expected).relative < 1e-5)
    let toInput = try result.pullback(gradient)
    let naive = backward(x, layer.weight.value, gradient)
    #expect(TensorDifference(toInput, naive.input).relative < 1e-5)
    #expect(TensorDifference(try #require(layer.weight.gradient), naive.weight).relative < 1e-5)
  }

  /// y[2h + a - 1] += x[h] w[a], backwards.
  private func backward(
    _ x: Tensor, _ weight: Tensor, _ gradient: Tensor
  ) -> (input: Tensor, weight: Tensor) {
    let (height, width, i, o) = (x.shape[1], x.shape[2], x.shape[3], gradient.shape[3])
    let (xs, ws, gs) = (x.elements, weight.elements, gradient.elements)
    var toX = [Double](repeating: 0, count: xs.count)
    var toW = [Double](repeating: 0, count: ws.count)
    for b in 0..<x.shape[0] {
      for h in 0..<height {
        for w in 0..<width {
          for tap in 0..<16 {
            let (row, column) = (2 * h + tap / 4 - 1, 2 * w + tap % 4 - 1)
            guard (0..<2 * height).contains(row), (0..<2 * width).contains(column) else { continue }
            let g = ((b * 2 * height + row) * 2 * width + column) * o
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
