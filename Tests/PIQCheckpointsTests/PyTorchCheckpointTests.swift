import Foundation
import PIQCheckpoints
import PIQPlatform
import PIQTensor
import Testing

/// The fixtures are made by Fixtures/scripts/make_checkpoints.py.
@Suite struct PyTorchCheckpointTests {
  @Test(arguments: ["tensors.ckpt", "tensors-protocol4.ckpt"])
  func everyKindOfTensor(name: String) throws {
    let checkpoint = try PyTorchCheckpoint(path: fixture(name))
    let grid = (0..<24).map(Float.init)
    let expected: [String: Tensor] = [
      "plain": Tensor(shape: [4, 6], grid.map { $0 / 8 }),
      "transposed": Tensor(shape: [4, 6], grid).transposed([1, 0]),
      "strided": Tensor(shape: [2, 2], [7, 10, 19, 22]),
      "expanded": Tensor(shape: [2, 3], [1.5, 1.5, 1.5, -2.5, -2.5, -2.5]),
      "parameter": Tensor(shape: [2], [0.1, 0.2]),
      "half": Tensor(shape: [4], [Float(Float16(1.0 / 3)), -65504, 0x1p-24, .infinity]),
      "bfloat16": Tensor(shape: [3], [0x1.56p-2, 0x1.c4p127, -0x1p-133]),
      "double": Tensor(shape: [2], [Float(1.0 / 3), -2]),
      "empty": Tensor(shape: [0, 5]),
      "scalar": Tensor(shape: [], [7.25]),
    ]
    for (name, tensor) in expected { #expect(checkpoint.floats[name] == tensor, "\(name)") }
    #expect(checkpoint.floats.count == expected.count)
    #expect(
      checkpoint.integers == [
        "num_batches_tracked": IntegerArray(shape: [], values: [123_456_789_012]),
        "int32": IntegerArray(shape: [1, 2], values: [-1, 2]),
        "uint8": IntegerArray(shape: [2], values: [0, 255]),
        "bool": IntegerArray(shape: [2], values: [1, 0]),
      ])
  }

  @Test(arguments: [
    ("os-system.ckpt", "wants to call 'os.system': refused, no code from a file is ever run"),
    ("zip-bomb.ckpt", "zip bomb"),
    ("legacy.ckpt", "before version 1.6"),
    ("nested.ckpt", "holds a dictionary under 'model', not a tensor"),
    ("arrays.npz", "not of torch.save"),
  ])
  func refusedFixtures(name: String, words: String) {
    expectRefusal(fixture(name), words) { try PyTorchCheckpoint(path: fixture(name)) }
  }

  @Test(arguments: [
    ("", "is empty"), ("some text", "is not a zip archive"), ("PK", "cannot be read as a zip"),
    ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
  ])
  func notArchives(text: String, words: String) throws {
    try withFile(text.utf8) { path in
      expectRefusal(path, words) { try PyTorchCheckpoint(path: path) }
    }
  }

  @Test(arguments: [
    ("byteorder", "big", "big-endian"), ("constants.pkl", "", "TorchScript"),
    ("data/0", "12 bytes long", "not as long as its tensors say"),
  ])
  func oddArchives(entry: String, text: String, words: String) throws {
    try withCheckpoint(PickleBytes.oneTensor, [(entry, Array(text.utf8))]) { path in
      expectRefusal(path, words) { try PyTorchCheckpoint(path: path) }
    }
  }

  @Test func entryOfAStorageMissing() throws {
    try withCheckpoint(PickleBytes.oneTensor, []) { path in
      expectRefusal(path, "no entry 'archive/data/0'") { try PyTorchCheckpoint(path: path) }
    }
  }

  @Test(arguments: [
    // offset, shape, strides, in a storage of four
    (1, [4], [1]), (4, [1], [1]), (0, [2, 2], [3, 1]), (-1, [1], [1]), (0, [2], [-1]),
    (0, [1 << 30, 1 << 30], [0, 0]), (0, [2], [.max]), (.max, [2], [.max]), (0, [-1], [1]),
    (0, [0, .max, .max], [1, 1, 1]),
  ])
  func viewsBeyondTheirStorage(offset: Int, shape: [Int], strides: [Int]) throws {
    let pickle = PickleBytes.tensor(offset: offset, shape: shape, strides: strides)
    try withCheckpoint(pickle, [("data/0", [UInt8](repeating: 0, count: 16))]) { path in
      expectRefusal(path, "beyond the end of its storage") { try PyTorchCheckpoint(path: path) }
    }
  }

  @Test func oneElementRepeatedToFillMemory() throws {
    let pickle = PickleBytes.tensor(offset: 0, shape: [1 << 40], strides: [0])
    try withCheckpoint(pickle, [("data/0", [UInt8](repeating: 0, count: 16))]) { path in
      expectRefusal(path, "zip bomb") { try PyTorchCheckpoint(path: path) }
    }
  }

  @Test(arguments: [
    // In the directory's header of data.pkl: the flags, and the unpacked size.
    (8, [1, 0], "is encrypted"), (24, [0xF0, 0xFF, 0xFF, 0xFF], "zip bomb"),
    (24, [0xFF, 0xFF, 0, 0], "cannot be unpacked"),
  ])
  func forgedDirectories(offset: Int, forged: [UInt8], words: String) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: fixture("tiny.ckpt"))))
    let header = try #require(
      bytes.indices.first { bytes[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
    bytes.replaceSubrange(header + offset..<header + offset + forged.count, with: forged)
    try withFile(bytes) { path in
      expectRefusal(path, words) { try PyTorchCheckpoint(path: path) }
    }
  }

  @Test func damagedArchivesNeverCrash() throws {
    let whole = [UInt8](try Data(contentsOf: URL(filePath: fixture("tiny.ckpt"))))
    try withTemporaryFolder { folder in
      let path = folder + "/x"
      let refused = try damageEverywhere(whole) { damaged in
        try rewrite(damaged, to: path)
        _ = try PyTorchCheckpoint(path: path)
      }
      #expect(refused.prefixes == whole.count)
      #expect(refused.changes > whole.count)
    }
  }
}
