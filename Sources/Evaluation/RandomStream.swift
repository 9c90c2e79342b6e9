import Glibc
import NeuralNetwork

/// Random numbers for one purpose and one clip: what is drawn for one says nothing of another, and
/// does not depend on what else is evaluated.
struct RandomStream {
  enum Purpose: UInt64 {
    case contaminants = 1
    case noise, masks, smoothing, resampling
  }

  private var generator: SeededGenerator

  init(seed: UInt64, _ purpose: Purpose, index: Int = 0) {
    // Seeds are hashed: near ones would give overlapping sequences.
    var root = SeededGenerator(seed: seed)
    var branch = SeededGenerator(seed: root.next() ^ purpose.rawValue)
    var leaf = SeededGenerator(seed: branch.next() ^ UInt64(truncatingIfNeeded: index))
    generator = SeededGenerator(seed: leaf.next())
  }

  /// A number from 0 up to, but not including, 1.
  mutating func unit() -> Float { generator.nextUnit() }

  /// An index below `count`, which is positive.
  mutating func index(below count: Int) -> Int { Int(generator.next() % UInt64(count)) }

  /// Numbers of the standard normal distribution (Box and Muller, 1958).
  mutating func normal(_ count: Int) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(count + 1)
    while values.count < count {
      // 1 - u is never zero.
      let radius = (-2 * log(1 - Double(generator.nextUnit()))).squareRoot()
      let angle = 2 * Double.pi * Double(generator.nextUnit())
      values.append(Float(radius * cos(angle)))
      values.append(Float(radius * sin(angle)))
    }
    return Array(values.prefix(count))
  }
}
