public import Tensor

/// A generator with a seed: the same seed gives the same numbers on every machine.
///
/// SplitMix64 (Steele, Lea and Flood, 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension Tensor {
  /// Values drawn uniformly from ±`bound`.
  public static func uniform(
    _ shape: [Int], bound: Float, using generator: inout some RandomNumberGenerator
  ) -> Tensor {
    Tensor(shape: shape) { values in
      for i in values.indices { values[i] = Float.random(in: -bound...bound, using: &generator) }
    }
  }

  /// Xavier (Glorot) uniform values: the bound is √(6 / (fan-in + fan-out)), as
  /// `torch.nn.init.xavier_uniform_` computes it.
  ///
  /// - Parameter shape: [O, I] or [O, I, kH, kW]; both fans count the kernel's positions.
  public static func xavierUniform(
    _ shape: [Int], using generator: inout some RandomNumberGenerator
  ) -> Tensor {
    let positions = shape.dropFirst(2).reduce(1, *)
    let fans = (shape[0] + shape[1]) * positions
    return uniform(shape, bound: (6 / Float(fans)).squareRoot(), using: &generator)
  }
}
