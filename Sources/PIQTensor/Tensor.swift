/// A dense array of `Float` in row-major order: the last axis is contiguous.
///
/// Images and feature maps are channels-last throughout this package, [B, H, W, C] with B clips,
/// H frames, W frequency bins and C channels. A tensor is a value: copies share storage until one
/// of them is written to.
public struct Tensor: Sendable {
  /// The extent of each axis, outermost first; empty for a scalar.
  public let shape: [Int]
  private var storage: TensorStorage

  /// The number of elements.
  public var count: Int { storage.count }

  /// A tensor whose elements are all `value`.
  public init(shape: [Int], repeating value: Float = 0) {
    self.init(uninitialized: shape)
    if storage.isFresh, value.bitPattern == 0 { return }
    storage.base.update(repeating: value, count: storage.count)
  }

  /// A tensor with the elements of `elements` in row-major order.
  ///
  /// - Precondition: `elements.count` is the product of `shape`.
  public init(shape: [Int], _ elements: some Collection<Float>) {
    self.init(uninitialized: shape)
    precondition(elements.count == count, "\(elements.count) elements do not fill \(shape)")
    _ = UnsafeMutableBufferPointer(start: storage.base, count: count)
      .update(fromContentsOf: elements)
  }

  /// A tensor all of whose elements `initialize` writes.
  public init<Failure: Error>(
    shape: [Int],
    initializingWith initialize: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Void
  ) throws(Failure) {
    self.init(uninitialized: shape)
    try initialize(UnsafeMutableBufferPointer(start: storage.base, count: count))
  }

  /// A tensor in memory that `owner` keeps as it is for as long as it lives; it is copied before it is
  /// written to.
  ///
  /// - Precondition: there is one element at least, and as many as `shape` has.
  package init(
    shape: [Int], viewing elements: UnsafeBufferPointer<Float>, of owner: any AnyObject & Sendable
  ) {
    precondition(!elements.isEmpty && elements.count == shape.reduce(1, *))
    self.shape = shape
    storage = TensorStorage(elements, of: owner)
  }

  private init(uninitialized shape: [Int]) {
    precondition(shape.allSatisfy { $0 >= 0 }, "negative extent in \(shape)")
    self.shape = shape
    storage = TensorStorage(count: shape.reduce(1, *))
  }

  private init(shape: [Int], storage: TensorStorage) {
    self.shape = shape
    self.storage = storage
  }

  /// The same elements under another shape of as many elements; nothing is copied.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(shape.reduce(1, *) == count, "\(self.shape) does not reshape to \(shape)")
    return Tensor(shape: shape, storage: storage)
  }

  /// Calls `body` with the elements, in row-major order.
  public func withUnsafeBuffer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime(storage) { () throws(Failure) -> Result in
      try body(UnsafeBufferPointer(start: storage.base, count: count))
    }
  }

  /// Calls `body` with the elements for writing, after a copy if another tensor shares them.
  public mutating func withUnsafeMutableBuffer<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if !storage.isWritable || !isKnownUniquelyReferenced(&storage) {
      let copy = TensorStorage(count: storage.count)
      copy.base.update(from: storage.base, count: storage.count)
      storage = copy
    }
    return try body(UnsafeMutableBufferPointer(start: storage.base, count: count))
  }

  /// The element at a position in row-major order. Convenient, not fast: loops use the buffers.
  public subscript(flat index: Int) -> Float {
    get { withUnsafeBuffer { $0[index] } }
    set { withUnsafeMutableBuffer { $0[index] = newValue } }
  }

  /// The elements in row-major order.
  public var elements: [Float] { withUnsafeBuffer { Array($0) } }

  /// Whether no element is infinite or not a number.
  public var isFinite: Bool {
    withUnsafeBuffer { values in
      // Zero unless a value is not finite, in a loop that vectorises.
      var lanes = SIMD16<Float>.zero
      let whole = values.count - values.count % 16
      for i in stride(from: 0, to: whole, by: 16) {
        for j in 0..<16 { lanes[j] += values[i + j] * 0 }
      }
      return lanes.sum() + values[whole...].reduce(0) { $0 + $1 * 0 } == 0
    }
  }

  /// The element of a tensor that has exactly one.
  public var scalar: Float {
    precondition(count == 1, "\(shape) is not a scalar")
    return self[flat: 0]
  }
}

extension Tensor: Equatable {
  /// Whether shapes and all elements are equal.
  public static func == (left: Tensor, right: Tensor) -> Bool {
    left.shape == right.shape
      && left.withUnsafeBuffer { a in right.withUnsafeBuffer { b in a.elementsEqual(b) } }
  }
}
