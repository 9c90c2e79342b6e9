/// The element types of stored tensors, named as in the headers of safetensors files.
public enum TensorDType: String, Sendable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case uint16 = "U16"
  case int16 = "I16"
  case uint32 = "U32"
  case int32 = "I32"
  case uint64 = "U64"
  case int64 = "I64"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case float32 = "F32"
  case float64 = "F64"

  /// The size of one element in bytes.
  public var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }
}

/// A dense array of integers in row-major order, such as batch normalisation's step counter or
/// the codes of a clip.
public struct IntegerArray: Sendable, Equatable {
  /// The extent of each axis, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The elements, in row-major order.
  public let values: [Int64]

  /// - Precondition: `values.count` is the product of `shape`.
  public init(shape: [Int], values: [Int64]) {
    precondition(shape.reduce(1, *) == values.count, "\(values.count) values do not fill \(shape)")
    self.shape = shape
    self.values = values
  }
}

/// The number of elements of `shape`; nil for a shape that is negative, of more than 64 axes
/// (PyTorch's limit), or so large that a product of extents overflows.
func elementCount(of shape: [Int]) -> Int? {
  guard shape.count <= 64, shape.allSatisfy({ $0 >= 0 }) else { return nil }
  var product = 1
  for extent in shape {
    // Zeros are counted as ones so that every partial product, in any order, is known to fit.
    let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
    if overflow { return nil }
    product = next
  }
  // Leaves room for eight bytes per element of any type.
  guard product <= Int.max / 8 else { return nil }
  return shape.contains(0) ? 0 : product
}
