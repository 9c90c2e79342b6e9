import PIQNeuralNetwork
import PIQTensor
import Testing

struct InitializationTests {
  @Test func xavierStaysWithinItsBoundAndFillsIt() {
    let generator = Initializer(seed: 3)
    let weights = generator.xavierUniform([32, 16, 4, 4]).elements
    let bound = (6.0 / Float((32 + 16) * 16)).squareRoot()
    #expect(weights.allSatisfy { abs($0) <= bound })
    #expect((weights.max() ?? 0) > 0.99 * bound && (weights.min() ?? 0) < -0.99 * bound)
    let variance = weights.reduce(0) { $0 + $1 * $1 } / Float(weights.count)
    #expect(abs(variance / (bound * bound / 3) - 1) < 0.05)
  }

  @Test func aSeedFixesTheNumbers() {
    var (a, b, c) = (SeededGenerator(seed: 1), SeededGenerator(seed: 1), SeededGenerator(seed: 2))
    let first = (0..<8).map { _ in a.next() }
    #expect(first == (0..<8).map { _ in b.next() })
    #expect(first != (0..<8).map { _ in c.next() })
  }
}
