import Foundation
import PIQCheckpoints
import PIQTensor
import Testing

/// Pickles assembled opcode by opcode, in a checkpoint of one storage of 16 bytes.
@Suite struct PickleTests {
  @Test func theAssembledPickleIsRead() throws {
    try withCheckpoint(PickleBytes.oneTensor, storage) { path throws in
      #expect(try PyTorchCheckpoint(path: path).floats == ["w": Tensor(shape: [4])])
    }
  }

  @Test(arguments: [
    ("cbuiltins\neval\n.", "'builtins.eval'"),
    ("cposix\nsystem\n.", "'posix.system'"),
    ("X\u{2}\0\0\0osX\u{6}\0\0\0system\u{93}.", "'os.system'"),
    ("(ios\nsystem\n.", "'os.system'"),
    ("(X\u{2}\0\0\0oso.", "object of a class"),
    ("}}\u{81}.", "object of a class"),
    ("}}}\u{92}.", "object of a class"),
    ("\u{82}\u{1}.", "extension"),
    ("ctorch\nFloatStorage\n)R.", "wants to call a function or class"),
    ("K\u{1})R.", "wants to call a number"),
    ("]}b].", "wants to set the attributes of a list"),
  ])
  func whatWouldRunCode(opcodes: String, words: String) throws {
    try withCheckpoint(PickleBytes.protocol2 + latin1(opcodes), storage) { path in
      expectRefusal(path, words) { try PyTorchCheckpoint(path: path) }
      expectRefusal(path, "refused, no code from a file is ever run") {
        try PyTorchCheckpoint(path: path)
      }
    }
  }

  @Test(arguments: [
    ("", "cut short"), (".", "ends too early"), ("}}.", "ends too early"),
    ("(.", "ends too early"), ("\u{FF}", "opcode 0xff"), ("t.", "from its stack"),
    ("\u{87}.", "from its stack"), ("}s.", "from its stack"), ("(}s.", "from its stack"),
    ("q\0.", "from its stack"), ("h\u{5}.", "never memorised"),
    ("X\u{FF}\u{FF}\u{FF}\u{FF}a", "cut short"),
    ("\u{8D}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}a", "63 bits"),
    ("\u{8D}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{7F}a", "cut short"),
    ("\u{8A}\u{9}123456789.", "64 bits"), ("X\u{1}\0\0\0\u{FF}.", "not UTF-8"),
    ("cos", "cut short"), ("}(K\u{1}u.", "no dictionary"), ("K\u{1}N\u{86}Q.", "odd storage"),
    ("NQ.", "odd storage"), ("}Na.", "no list"), ("NN\u{93}.", "no name"),
    ("ccollections\nOrderedDict\nN\u{85}R.", "odd OrderedDict"),
    ("ctorch._utils\n_rebuild_tensor_v2\n)R.", "odd tensor"),
    ("ctorch._utils\n_rebuild_parameter\n)R.", "odd parameter"),
    ("].", "holds a list, not a state dict"), ("N.", "holds None"),
    ("}K\u{1}K\u{2}s.", "a number for a name"),
    ("}X\u{1}\0\0\0aK\u{2}s.", "holds a number under 'a'"),
    ("}X\u{1}\0\0\0a\u{8A}\0s.", "holds a number under 'a'"),
  ])
  func malformed(opcodes: String, words: String) throws {
    try withCheckpoint(PickleBytes.protocol2 + latin1(opcodes), storage) { path in
      expectRefusal(path, words) { try PyTorchCheckpoint(path: path) }
    }
  }

  @Test(arguments: [[], [0x80], [0x80, 1, 0x7D], [0x80, 6, 0x7D], Array("(dp0\n.".utf8)])
  func otherProtocols(pickle: [UInt8]) throws {
    try withCheckpoint(pickle, storage) { path in
      expectRefusal(path, "protocol 2 to 5") { try PyTorchCheckpoint(path: path) }
    }
  }

  @Test func deepNestingNeitherRecursesNorCrashes() throws {
    let depth = 500_000
    let tuples = latin1("N") + [UInt8](repeating: 0x85, count: depth) + latin1(".")
    // Each list goes into the one before it, and the first into the last.
    let lists =
      latin1("]q\0") + (0..<depth).flatMap { _ in latin1("]") }
      + latin1("h\0") + [UInt8](repeating: UInt8(ascii: "a"), count: depth + 1) + latin1(".")
    for (opcodes, kind) in [(tuples, "a tuple"), (lists, "a list")] {
      try withCheckpoint(PickleBytes.protocol2 + opcodes, storage) { path in
        expectRefusal(path, "holds \(kind), not a state dict") { try PyTorchCheckpoint(path: path) }
      }
    }
  }

  @Test(arguments: ["]", "(", "N"])
  func moreObjectsThanAnyNeeds(opcode: String) throws {
    let many = [UInt8](repeating: latin1(opcode)[0], count: 1_100_000)
    try withCheckpoint(PickleBytes.protocol2 + many + latin1("."), storage) { path in
      expectRefusal(path, "more objects") { try PyTorchCheckpoint(path: path) }
    }
  }

  @Test func damageNeverCrashes() throws {
    let refused = try damageEverywhere(PickleBytes.oneTensor) { damaged in
      try withCheckpoint(damaged, storage) { _ = try PyTorchCheckpoint(path: $0) }
    }
    #expect(refused.prefixes == PickleBytes.oneTensor.count)
    #expect(refused.changes > PickleBytes.oneTensor.count)
  }

  private let storage = [("data/0", [UInt8](repeating: 0, count: 16))]
}

/// Opcodes as text, each character below U+0100 a byte.
private func latin1(_ text: String) -> [UInt8] {
  text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

enum PickleBytes {
  static let protocol2: [UInt8] = [0x80, 2]
  static let oneTensor = tensor(offset: 0, shape: [4], strides: [1])

  /// A state dict whose `w` is a view of the storage `0` of four floats.
  static func tensor(offset: Int, shape: [Int], strides: [Int]) -> [UInt8] {
    func string(_ text: String) -> [UInt8] {
      [UInt8(ascii: "X"), UInt8(text.utf8.count), 0, 0, 0] + text.utf8
    }
    func integer(_ value: Int) -> [UInt8] {
      [0x8A, 8] + withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    func tuple(_ values: [Int]) -> [UInt8] {
      latin1("(") + values.flatMap(integer) + latin1("t")
    }
    let id =
      latin1("(") + string("storage") + latin1("ctorch\nFloatStorage\n") + string("0")
      + string("cpu") + integer(4) + latin1("tQ")
    return protocol2 + latin1("}") + string("w") + latin1("ctorch._utils\n_rebuild_tensor_v2\n(")
      + id + integer(offset) + tuple(shape) + tuple(strides) + latin1("\u{89}NtRs.")
  }
}

/// Calls `body` with the path of a checkpoint that holds `pickle` and further entries.
func withCheckpoint(
  _ pickle: [UInt8], _ entries: [(name: String, bytes: [UInt8])], _ body: (String) throws -> Void
) throws {
  try withTemporaryFolder { folder in
    let path = folder + "/x.ckpt"
    let archive = try ZipWriter(path: path)
    for (name, bytes) in [("data.pkl", pickle)] + entries {
      try bytes.withUnsafeBytes {
        try archive.add("archive/" + name, header: [], data: $0)
      }
    }
    try archive.write()
    try body(path)
  }
}
