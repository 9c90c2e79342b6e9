public import PIQTensor

/// Draws the initial values of layers. The same seed gives the same values on every machine.
public final class Initializer {
  private var generator: SeededGenerator?

  /// Draws with the generator of this seed.
  public init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  private init() {}

  /// All zeros: for networks whose weights are loaded.
  public static var zeros: Initializer { Initializer() }

  /// Whether all is zero.
  public var isZero: Bool { generator == nil }

  /// Values drawn uniformly from ±`bound`.
  public func uniform(_ shape: [Int], bound: Float) -> Tensor {
    guard var generator else { return Tensor(shape: shape) }
    defer { self.generator = generator }
    return Tensor(shape: shape) { values in
      for i in values.indices { values[i] = (2 * generator.nextUnit() - 1) * bound }
    }
  }

  /// Xavier (Glorot) uniform values: the bound is √(6 / (fan-in + fan-out)), as
  /// `torch.nn.init.xavier_uniform_` computes it.
  ///
  /// - Parameter shape: [O, I] or [O, I, kH, kW]; both fans count the kernel's positions.
  public func xavierUniform(_ shape: [Int]) -> Tensor {
    let positions = shape.dropFirst(2).reduce(1, *)
    let fans = (shape[0] + shape[1]) * positions
    return uniform(shape, bound: (6 / Float(fans)).squareRoot())
  }
}

/// A generator with a seed: the same seed gives the same numbers on every machine.
///
/// SplitMix64 (Steele, Lea and Flood, 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The generator with this seed.
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from 0 up to, but not including, 1: a multiple of 2^-24.
  public mutating func nextUnit() -> Float { Float(next() >> 40) * 0x1p-24 }
}
