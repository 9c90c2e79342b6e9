import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

struct BilinearResizeTests {
  private let generator = Initializer(seed: 23)

  /// Smaller, larger, and both.
  @Test(
    arguments: [(9, 13, 4, 5), (4, 3, 9, 8), (5, 9, 8, 4), (1, 1, 3, 2), (3, 3, 1, 1)],
    [true, false])
  func gradient(sizes: (Int, Int, Int, Int), antialias: Bool) throws {
    let resize = BilinearResize(rows: sizes.2, columns: sizes.3, antialias: antialias)
    let x = generator.uniform([2, sizes.0, sizes.1, 3], bound: 1)
    #expect(resize(x).shape == [2, sizes.2, sizes.3, 3])
    let results = try GradientCheck(using: generator)([], at: x, forward: resize.differentiated)
    #expect(results.failures(tolerance: 1e-3).isEmpty, "\(results)")
  }

  /// By hand: of four cells to two, each new one reaches two cells either way with a triangle.
  @Test func weights() {
    let x = Tensor(shape: [1, 4, 1, 1], [1, 2, 4, 8])
    let smooth = BilinearResize(rows: 2, columns: 1, antialias: true)(x).elements
    // 0.75, 0.75 and 0.25 over their sum; the fourth is outside.
    let expected: [Float] = [(0.75 + 1.5 + 1) / 1.75, (0.5 + 3 + 6) / 1.75]
    #expect(zip(smooth, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(smooth)")
    #expect(BilinearResize(rows: 2, columns: 1, antialias: false)(x).elements == [1.5, 6])
    let enlarged = BilinearResize(rows: 8, columns: 1)(x).elements
    #expect(enlarged == [1, 1.25, 1.75, 2.5, 3.5, 5, 7, 8])
    #expect(BilinearResize(rows: 8, columns: 1, antialias: false)(x).elements == enlarged)
  }

  /// What FocalNet's embedding rests on.
  @Test func twiceTheSizeKeepsTheMean() {
    let x = generator.uniform([2, 7, 7, 5], bound: 1)
    let difference = TensorDifference(
      spatialMean(BilinearResize(rows: 14, columns: 14)(x)), spatialMean(x))
    #expect(difference.relative < 1e-6, "\(difference)")
  }
}
