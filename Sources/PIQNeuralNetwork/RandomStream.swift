import Glibc

/// Random numbers for one purpose, independent of those drawn for others.
package struct RandomStream {
  private var generator: SeededGenerator

  /// - Parameter path: numbers that name the purpose, such as an epoch and a step.
  package init(seed: UInt64, path: [Int]) {
    // All numbers are hashed: close seeds would give overlapping sequences.
    var root = SeededGenerator(seed: seed)
    let key = path.reduce(root.next()) { key, part in
      var branch = SeededGenerator(seed: key ^ UInt64(truncatingIfNeeded: part))
      return branch.next()
    }
    generator = SeededGenerator(seed: key)
  }

  /// A number from 0 up to, but not including, 1.
  package mutating func unit() -> Float { generator.nextUnit() }

  /// A number from `range`, its upper end not included.
  package mutating func number(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + Double(unit()) * (range.upperBound - range.lowerBound)
  }

  /// An index below `count`, which is positive.
  package mutating func index(below count: Int) -> Int { Int(generator.next() % UInt64(count)) }

  /// The indices below `count` in random order (Fisher and Yates).
  package mutating func permutation(_ count: Int) -> [Int] {
    var indices = Array(0..<count)
    for i in indices.indices.dropFirst().reversed() { indices.swapAt(i, index(below: i + 1)) }
    return indices
  }

  /// Numbers of the standard normal distribution (Box and Muller, 1958).
  package mutating func normal(_ count: Int) -> [Float] {
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

  /// A number of the Beta distribution with both parameters `alpha`, from above 0 to 1 (Jöhnk,
  /// 1964).
  package mutating func beta(_ alpha: Double) -> Double {
    while true {
      let x = pow(1 - Double(unit()), 1 / alpha)
      let y = pow(1 - Double(unit()), 1 / alpha)
      if x + y <= 1, x + y > 0 { return x / (x + y) }
    }
  }
}
