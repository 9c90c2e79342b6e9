import PIQTensor

/// The header of a `.npy` array.
struct NPYHeader {
  let dtype: TensorDType
  let shape: [Int]
  /// The header as stored, the magic string included.
  let bytes: [UInt8]

  private static let magic: [UInt8] = [0x93] + "NUMPY".utf8

  /// A header of format 1.0, padded so that the elements begin at a multiple of 64 bytes.
  ///
  /// - Precondition: `dtype` is `.float32` or `.int64`.
  init(dtype: TensorDType, shape: [Int]) {
    precondition(dtype == .float32 || dtype == .int64)
    self.dtype = dtype
    self.shape = shape
    let descr = dtype == .float32 ? "<f4" : "<i8"
    // A tuple of one element needs a comma.
    let axes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(axes)), }"
    let prefix = Self.magic.count + 4
    while (prefix + text.utf8.count + 1) % 64 != 0 { text += " " }
    text += "\n"
    let length = text.utf8.count
    bytes = Self.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + text.utf8
  }

  /// The header of `file`, a whole `.npy` array of format 1.0 or 2.0; nil when it is not valid,
  /// of a type not supported, or does not fit the file's length.
  init?(of file: [UInt8]) {
    guard file.count >= 12, file.starts(with: Self.magic), file[7] == 0 else { return nil }
    let start: Int
    var length = Int(file[8]) | Int(file[9]) << 8
    switch file[6] {
    case 1: start = 10
    case 2:
      start = 12
      length |= Int(file[10]) << 16 | Int(file[11]) << 24
    default: return nil
    }
    guard length <= file.count - start,
      let text = String(validating: file[start..<start + length], as: UTF8.self),
      let (descr, shape) = Self.parse(text), let dtype = Self.dtypes[descr],
      let count = elementCount(of: shape), file.count - start - length == count * dtype.byteCount
    else { return nil }
    self.dtype = dtype
    self.shape = shape
    bytes = Array(file[..<(start + length)])
  }

  /// The array of this header, whose elements are `elements`.
  func array(from elements: UnsafeRawBufferPointer) -> NPZArray {
    if dtype.isFloat {
      return .float32(Tensor(shape: shape) { dtype.decodeFloats(elements, into: $0) })
    }
    return .int64(IntegerArray(shape: shape, values: dtype.decodeIntegers(elements)))
  }

  private static let dtypes: [String: TensorDType] = [
    "<f2": .float16, "<f4": .float32, "<f8": .float64,
    "<i4": .int32, "<i8": .int64, "|u1": .uint8, "|b1": .bool,
  ]

  /// The type and shape of a header's Python dictionary, as NumPy writes it.
  private static func parse(_ text: String) -> (descr: String, shape: [Int])? {
    var rest = text[...]
    func take(_ token: String) -> Bool {
      rest = rest.drop { $0.isWhitespace }
      guard rest.hasPrefix(token) else { return false }
      rest = rest.dropFirst(token.count)
      return true
    }
    guard take("{"), take("'descr'"), take(":"), take("'"), let quote = rest.firstIndex(of: "'")
    else { return nil }
    let descr = String(rest[..<quote])
    rest = rest[quote...]
    guard take("'"), take(","), take("'fortran_order'"), take(":"), take("False"), take(","),
      take("'shape'"), take(":"), take("("), let end = rest.firstIndex(of: ")")
    else { return nil }
    var shape: [Int] = []
    for part in rest[..<end].split(separator: ",", omittingEmptySubsequences: true) {
      let digits = part.drop { $0 == " " }
      if digits.isEmpty { continue }
      guard let extent = Int(digits), shape.count < 64 else { return nil }
      shape.append(extent)
    }
    rest = rest[end...].dropFirst()
    _ = take(",")
    guard take("}"), rest.allSatisfy(\.isWhitespace) else { return nil }
    return (descr, shape)
  }
}
