extension PickledStorage {
  /// The length in bytes; nil on overflow.
  var byteCount: Int? {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
    return overflow ? nil : bytes
  }
}

extension PickledTensor {
  /// Whether the tensor, of `count` elements, lies within a storage of `storageCount` elements.
  func fits(_ storageCount: Int, count: Int) -> Bool {
    guard offset >= 0, strides.allSatisfy({ $0 >= 0 }) else { return false }
    if count == 0 { return true }
    var last = offset
    for (extent, stride) in zip(shape, strides) {
      let (reach, tooFar) = (extent - 1).multipliedReportingOverflow(by: stride)
      let (sum, tooLarge) = last.addingReportingOverflow(reach)
      if tooFar || tooLarge { return false }
      last = sum
    }
    return last < storageCount
  }

  private var isContiguous: Bool {
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      if stride != expected { return false }
      expected *= extent
    }
    return true
  }

  /// Calls `body` with the tensor's elements, each of `size` bytes, in row-major order.
  ///
  /// - Precondition: the tensor fits `storage`.
  func withElements<Result>(
    of storage: UnsafeRawBufferPointer, size: Int, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    let count = shape.reduce(1, *)
    if count == 0 { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    if isContiguous {
      return body(
        UnsafeRawBufferPointer(rebasing: storage[offset * size..<(offset + count) * size]))
    }
    var elements: [UInt8] = []
    elements.reserveCapacity(count * size)
    var position = [Int](repeating: 0, count: shape.count)
    var source = offset
    for _ in 0..<count {
      elements.append(contentsOf: storage[source * size..<(source + 1) * size])
      // Advance like an odometer, the last axis first.
      var axis = shape.count - 1
      while axis >= 0 {
        position[axis] += 1
        source += strides[axis]
        if position[axis] < shape[axis] { break }
        source -= position[axis] * strides[axis]
        position[axis] = 0
        axis -= 1
      }
    }
    return elements.withUnsafeBytes(body)
  }
}
