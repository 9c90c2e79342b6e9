/// A tensor that is held in memory, or made of its stored form each time it is needed.
public struct TensorSource: Sendable {
  /// The extent of each axis, outermost first.
  public let shape: [Int]
  private let make: @Sendable () -> Tensor

  /// A tensor that is held.
  public init(_ tensor: Tensor) {
    shape = tensor.shape
    make = { tensor }
  }

  /// A tensor that `make` makes, the same each time.
  public init(shape: [Int], make: @escaping @Sendable () -> Tensor) {
    (self.shape, self.make) = (shape, make)
  }

  /// The tensor.
  public var value: Tensor { make() }
}
