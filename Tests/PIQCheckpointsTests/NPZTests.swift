import Foundation
import PIQCheckpoints
import PIQPlatform
import PIQTensor
import Testing

@Suite struct NPZTests {
  private let arrays: [(name: String, array: NPZArray)] = [
    ("grid", .float32(Tensor(shape: [2, 3], [0, 1, 2, 3, 4, 5]))),
    ("codes", .int64(IntegerArray(shape: [2, 1], values: [3, -4]))),
    ("scalar", .float32(Tensor(shape: [], [.infinity]))),
    ("vector", .int64(IntegerArray(shape: [1], values: [.min]))),
    ("empty", .float32(Tensor(shape: [0, 7]))),
  ]

  @Test func roundTrip() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/x.npz"
      try NPZ.write(arrays, to: path)
      #expect(try NPZ.read(path: path) == Dictionary(uniqueKeysWithValues: arrays.map { ($0, $1) }))
    }
  }

  @Test func readsWhatNumPyWrote() throws {
    let read = try NPZ.read(path: fixture("arrays.npz"))
    #expect(
      read == [
        "grid": .float32(Tensor(shape: [2, 3], [0, 1, 2, 3, 4, 5])),
        "half": .float32(Tensor(shape: [2], [0.5, -2])),
        "codes": .int64(IntegerArray(shape: [2, 1], values: [3, -4])),
        "flags": .int64(IntegerArray(shape: [2], values: [1, 0])),
        "scalar": .float32(Tensor(shape: [], [1.25])),
      ])
  }

  @Test func writesTheBytesThatNumPyWrites() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/x.npz"
      let numPys = try Data(contentsOf: URL(filePath: fixture("arrays.npz")))
      for (array, bytes) in zip(arrays.prefix(2), [24, 16]) {
        try NPZ.write([array], to: path)
        let file = try Data(contentsOf: URL(filePath: path))
        let start = try #require(
          file.range(of: Data("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) })))
        // A header of 128 bytes, then the elements.
        let entry = file[start.lowerBound..<start.lowerBound + 128 + bytes]
        #expect(numPys.range(of: entry) != nil, "\(array.name)")
      }
    }
  }

  @Test func sameInputSameBytes() throws {
    try withTemporaryFolder { folder in
      try NPZ.write(arrays, to: folder + "/1.npz")
      try NPZ.write(arrays, to: folder + "/2.npz")
      let bytes = try Data(contentsOf: URL(filePath: folder + "/1.npz"))
      #expect(try Data(contentsOf: URL(filePath: folder + "/2.npz")) == bytes)
      // The DOS date of 1980-01-01 in the first local header.
      #expect(Array(bytes[10..<14]) == [0, 0, 0x21, 0])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
    }
  }

  @Test func writingFailsWithTheFinalPath() throws {
    try withTemporaryFolder { folder throws in
      let path = folder + "/none/x.npz"
      let error = #expect(throws: Failure.self) { try NPZ.write(arrays, to: path) }
      #expect(error?.path == path)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }

  @Test func oneNameTwice() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/x.npz"
      expectRefusal(path, "could not be packed: file already exists") {
        try NPZ.write([arrays[0], arrays[0]], to: path)
      }
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test(arguments: [
    "", "{}", "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }",
    "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4, 0), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } or more",
  ])
  func oddHeaders(text: String) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/x.npz"
      let archive = try ZipWriter(path: path)
      let header = [0x93] + "NUMPY".utf8 + [1, 0, UInt8(text.utf8.count), 0] + text.utf8
      try [Float](repeating: 0, count: 2).withUnsafeBytes {
        try archive.add("a.npy", header: header, data: $0)
      }
      try archive.write()
      expectRefusal(path, "'a.npy' is not an array") { try NPZ.read(path: path) }
    }
  }

  @Test func damageNeverCrashes() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/x.npz"
      try NPZ.write([arrays[1]], to: path)
      let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
      let refused = try damageEverywhere(whole) { damaged in
        try rewrite(damaged, to: path)
        _ = try NPZ.read(path: path)
      }
      #expect(refused.prefixes == whole.count)
      // Whatever is damaged within an entry, its checksum tells.
      #expect(refused.changes > 4 * 144)
    }
  }
}
