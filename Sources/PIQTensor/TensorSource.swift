/// A tensor that is held in memory, or made of its stored form each time it is needed.
public struct TensorSource: Sendable {
  /// The extent of each axis, outermost first.
  public let shape: [Int]
  private let make: @Sendable () -> Tensor
  private let discard: @Sendable () -> Void

  /// A tensor that is held.
  public init(_ tensor: Tensor) { self.init(shape: tensor.shape) { tensor } }

  /// A tensor that `make` makes, the same each time.
  ///
  /// - Parameter discard: gives the memory of the stored form back.
  public init(
    shape: [Int], discard: @escaping @Sendable () -> Void = {},
    make: @escaping @Sendable () -> Tensor
  ) {
    (self.shape, self.make, self.discard) = (shape, make, discard)
  }

  /// The tensor.
  public var value: Tensor { make() }

  /// Gives the memory of the stored form back, where that is possible: neither this source nor a copy
  /// of it may be asked for the tensor afterwards.
  package func discardStoredForm() { discard() }
}
