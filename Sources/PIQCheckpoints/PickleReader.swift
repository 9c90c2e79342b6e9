import PIQPlatform

/// Reads the pickles that torch.save writes for state dicts, protocols 2 to 5, and nothing more.
///
/// The language of pickles is described in CPython's Lib/pickletools.py. What would import or call
/// anything outside `PickleCallable` is refused by name.
struct PickleReader {
  private(set) var objects = PickleObjects()

  private let bytes: [UInt8]
  /// The file, for messages.
  private let path: String
  private var position = 0
  private var stack: [PickleValue] = []
  /// The heights of the stack at the open marks.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  private static let longestPickle = 16 << 20
  private static let mostObjects = 1 << 20

  /// - Throws: `Failure` when `bytes` is longer than any state dict's pickle.
  init(_ bytes: [UInt8], path: String) throws(Failure) {
    self.bytes = bytes
    self.path = path
    guard bytes.count <= Self.longestPickle else {
      throw damaged("of \(bytes.count) bytes, more than a state dict needs")
    }
  }

  /// Runs the pickle to its end.
  ///
  /// - Returns: the value that it describes.
  mutating func read() throws(Failure) -> PickleValue {
    guard bytes.count > 1, bytes[0] == 0x80, (2...5).contains(bytes[1]) else {
      throw damaged("that does not begin as one of protocol 2 to 5")
    }
    position = 2
    while true {
      let opcode = try byte()
      if opcode == UInt8(ascii: ".") {
        guard stack.count == 1, marks.isEmpty else { throw damaged("that ends too early") }
        return stack[0]
      }
      try run(opcode)
      guard stack.count <= Self.mostObjects, memo.count <= Self.mostObjects,
        marks.count <= Self.mostObjects, objects.count <= Self.mostObjects
      else { throw damaged("of more objects than a state dict needs") }
    }
  }

  private mutating func run(_ opcode: UInt8) throws(Failure) {
    switch UnicodeScalar(opcode) {
    case "\u{95}": _ = try integer(8)  // A frame's length, of use only to who reads a stream.
    case "(": marks.append(stack.count)
    case "N": stack.append(.none)
    case "\u{88}": stack.append(.bool(true))
    case "\u{89}": stack.append(.bool(false))
    case "K": stack.append(.int(try count(1)))
    case "M": stack.append(.int(try count(2)))
    case "J": stack.append(.int(Int(Int32(truncatingIfNeeded: try count(4)))))
    case "\u{8A}": stack.append(.int(try longInteger()))
    case "G": stack.append(.float(Double(bitPattern: try integer(8).byteSwapped)))
    case "\u{8C}": stack.append(.string(try string(lengthOf: 1)))
    case "X": stack.append(.string(try string(lengthOf: 4)))
    case "\u{8D}": stack.append(.string(try string(lengthOf: 8)))
    case ")": push(tuple: [])
    case "\u{85}": push(tuple: try pop(1))
    case "\u{86}": push(tuple: try pop(2))
    case "\u{87}": push(tuple: try pop(3))
    case "t": push(tuple: try popToMark())
    case "]":
      objects.lists.append([])
      stack.append(.list(objects.lists.count - 1))
    case "a": try append(try pop(1))
    case "e": try append(try popToMark())
    case "}": pushDictionary()
    case "s": try setItems(try pop(2))
    case "u": try setItems(try popToMark())
    case "q": memo[try count(1)] = try top()
    case "r": memo[try count(4)] = try top()
    case "\u{94}": memo[memo.count] = try top()
    case "h": try recall(try count(1))
    case "j": try recall(try count(4))
    case "c": try pushGlobal([.string(try line()), .string(try line())])
    case "\u{93}": try pushGlobal(try pop(2))
    case "Q": try pushStorage(try pop(1))
    case "R": try reduce(try pop(2))
    case "b": try build()
    default: throw refusal(of: opcode)
    }
  }
}

// MARK: - Bytes

extension PickleReader {
  private mutating func byte() throws(Failure) -> UInt8 {
    guard position < bytes.count else { throw damaged("that is cut short") }
    defer { position += 1 }
    return bytes[position]
  }

  /// The next `width` bytes, little-endian.
  private mutating func integer(_ width: Int) throws(Failure) -> UInt64 {
    var value: UInt64 = 0
    for i in 0..<width { value |= UInt64(try byte()) << UInt64(8 * i) }
    return value
  }

  private mutating func count(_ width: Int) throws(Failure) -> Int {
    guard let count = Int(exactly: try integer(width)) else {
      throw damaged("with a length of more than 63 bits")
    }
    return count
  }

  /// An integer of a given number of bytes in two's complement.
  private mutating func longInteger() throws(Failure) -> Int {
    let width = try count(1)
    guard width > 0 else { return 0 }
    guard width <= 8 else { throw damaged("with an integer of more than 64 bits") }
    let unused = 64 - 8 * width
    return (Int(truncatingIfNeeded: try integer(width)) << unused) >> unused
  }

  private mutating func string(lengthOf width: Int) throws(Failure) -> String {
    let length = try count(width)
    guard length <= bytes.count - position else { throw damaged("that is cut short") }
    defer { position += length }
    return try text(bytes[position..<position + length])
  }

  private mutating func line() throws(Failure) -> String {
    guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
      throw damaged("that is cut short")
    }
    defer { position = end + 1 }
    return try text(bytes[position..<end])
  }

  private func text(_ bytes: ArraySlice<UInt8>) throws(Failure) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw damaged("with a string that is not UTF-8")
    }
    return text
  }
}

// MARK: - Stack

extension PickleReader {
  private func top() throws(Failure) -> PickleValue {
    guard let value = stack.last, stack.count > marks.last ?? 0 else { throw emptyStack }
    return value
  }

  private mutating func pop(_ count: Int) throws(Failure) -> [PickleValue] {
    guard stack.count - (marks.last ?? 0) >= count else { throw emptyStack }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws(Failure) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw emptyStack }
    defer { stack.removeLast(stack.count - mark) }
    return Array(stack[mark...])
  }

  private mutating func recall(_ key: Int) throws(Failure) {
    guard let value = memo[key] else { throw damaged("that recalls what it never memorised") }
    stack.append(value)
  }

  private mutating func push(tuple: [PickleValue]) {
    objects.tuples.append(tuple)
    stack.append(.tuple(objects.tuples.count - 1))
  }

  private mutating func pushDictionary() {
    objects.dictionaries.append([])
    stack.append(.dictionary(objects.dictionaries.count - 1))
  }

  private mutating func append(_ values: [PickleValue]) throws(Failure) {
    guard case .list(let list) = try top() else { throw damaged("that appends to no list") }
    objects.lists[list] += values
  }

  private mutating func setItems(_ items: [PickleValue]) throws(Failure) {
    guard case .dictionary(let dictionary) = try top(), items.count.isMultiple(of: 2) else {
      throw damaged("that sets items of no dictionary")
    }
    for i in stride(from: 0, to: items.count, by: 2) {
      objects.dictionaries[dictionary].append((items[i], items[i + 1]))
    }
  }
}

// MARK: - Callables

extension PickleReader {
  private mutating func pushGlobal(_ names: [PickleValue]) throws(Failure) {
    guard case .string(let module) = names[0], case .string(let name) = names[1] else {
      throw damaged("with a global that has no name")
    }
    guard let value = PickleCallable.named("\(module).\(name)") else {
      throw refusal("wants to call \(quoted("\(module).\(name)"))")
    }
    stack.append(value)
  }

  /// A persistent id: ('storage', type, key, device, count).
  private mutating func pushStorage(_ id: [PickleValue]) throws(Failure) {
    guard case .tuple(let index) = id[0] else { throw damaged("with an odd storage") }
    let parts = objects.tuples[index]
    guard parts.count >= 5, case .string("storage") = parts[0],
      case .storageType(let dtype) = parts[1], case .string(let key) = parts[2],
      case .int(let count) = parts[4], count >= 0
    else { throw damaged("with an odd storage") }
    objects.storages.append(PickledStorage(key: key, dtype: dtype, count: count))
    stack.append(.storage(objects.storages.count - 1))
  }

  private mutating func reduce(_ call: [PickleValue]) throws(Failure) {
    guard case .callable(let callable) = call[0], case .tuple(let index) = call[1] else {
      throw refusal("wants to call \(call[0].kind)")
    }
    let arguments = objects.tuples[index]
    switch callable {
    case .orderedDict:
      guard arguments.isEmpty else { throw damaged("with an odd OrderedDict") }
      pushDictionary()
    case .rebuildParameter:
      guard let first = arguments.first, case .tensor = first else {
        throw damaged("with an odd parameter")
      }
      stack.append(first)
    case .rebuildTensor:
      guard arguments.count >= 4, case .storage(let storage) = arguments[0],
        case .int(let offset) = arguments[1], let shape = integers(arguments[2]),
        let strides = integers(arguments[3]), shape.count == strides.count
      else { throw damaged("with an odd tensor") }
      objects.tensors.append(
        PickledTensor(storage: storage, offset: offset, shape: shape, strides: strides))
      stack.append(.tensor(objects.tensors.count - 1))
    }
  }

  private func integers(_ value: PickleValue) -> [Int]? {
    guard case .tuple(let index) = value else { return nil }
    var integers: [Int] = []
    for item in objects.tuples[index] {
      guard case .int(let integer) = item else { return nil }
      integers.append(integer)
    }
    return integers
  }

  /// A state dict carries the versions of its modules as an attribute, which is not needed here.
  private mutating func build() throws(Failure) {
    _ = try pop(1)
    guard case .dictionary = try top() else {
      throw refusal("wants to set the attributes of \(try top().kind)")
    }
  }

  private mutating func refusal(of opcode: UInt8) -> Failure {
    switch UnicodeScalar(opcode) {
    case "i":
      let names = [try? line(), try? line()].compactMap(\.self)
      return refusal("wants to call \(quoted(names.joined(separator: ".")))")
    case "o", "\u{81}", "\u{92}": return refusal("wants to make an object of a class")
    case "\u{82}", "\u{83}", "\u{84}": return refusal("wants to call an extension by its number")
    default:
      let code = String(opcode, radix: 16)
      return damaged("with opcode 0x\(code), which no state dict needs")
    }
  }
}

// MARK: - Errors

extension PickleReader {
  private var emptyStack: Failure { damaged("that takes more from its stack than is there") }

  private func damaged(_ what: String) -> Failure {
    Failure(
      .fileMalformed, path: path, problem: "holds a pickle \(what)",
      remedy: "the file is damaged or no state dict: save model.state_dict() with torch.save")
  }

  private func refusal(_ what: String) -> Failure {
    Failure(
      .fileMalformed, path: path, problem: "\(what): refused, no code from a file is ever run",
      remedy: "save model.state_dict() alone with torch.save, and do not trust this file")
  }
}
