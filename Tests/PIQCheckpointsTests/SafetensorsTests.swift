import Foundation
import PIQCheckpoints
import PIQPlatform
import PIQTensor
import Testing

@Suite struct SafetensorsTests {
  private static let values: [Float] = [
    0, -0.0, 1, -1.5, 65504, .infinity, -.infinity, 0x1p-14, 0x1p-24, 0x1.ffcp-15, 0x1.8p-25,
    1 + 0x1p-11, 1 + 0x3p-11, 1 + 0x1p-8, 1 + 0x3p-8, 3.14159, -1e-30,
  ]

  @Test(arguments: [TensorDType.float32, .float16, .bfloat16])
  func roundTrip(dtype: TensorDType) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      let tensor = Tensor(shape: [1, Self.values.count], Self.values)
      try Safetensors.write(
        [("b\"\n", tensor), ("a", Tensor(shape: [], [7])), ("empty", Tensor(shape: [0, 3]))],
        metadata: ["key\"": "value\n/\u{1F600}"], dtype: dtype, to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.names == ["a", "b\"\n", "empty"])
      #expect(file.metadata == ["key\"": "value\n/\u{1F600}"])
      #expect(file.dtype(of: "a") == dtype)
      #expect(file.shape(of: "b\"\n") == [1, Self.values.count])
      #expect(file.shape(of: "none") == nil)
      #expect(try file.floats("a").scalar == 7)
      #expect(try file.floats("empty").shape == [0, 3])
      let expected = Self.values.map { value -> Float in
        switch dtype {
        case .float16: Float(Float16(value))
        case .bfloat16: nearestBFloat16(value)
        default: value
        }
      }
      #expect(try file.floats("b\"\n").elements.map(\.bitPattern) == expected.map(\.bitPattern))
    }
  }

  /// Large tensors stay in the file's memory, whichever way they are stored, until they are given up.
  @Test(arguments: [TensorDType.float32, .float16])
  func sources(dtype: TensorDType) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/large.safetensors"
      let tensors = (0..<3).map { number in
        Tensor(shape: [300, 301], (0..<90_300).map { Float(($0 + number) % 1000) })
      }
      try Safetensors.write(
        tensors.enumerated().map { ("\($0)", $1) }, dtype: dtype, to: path)
      let file = try SafetensorsFile(path: path)
      let sources = try (0..<3).map { try file.source(of: "\($0)") }
      #expect(sources.map(\.value) == tensors)
      var changed = sources[0].value
      changed[flat: 0] = -1
      #expect(sources[0].value == tensors[0])
      sources[1].discardStoredForm()
      #expect(sources[0].value == tensors[0] && sources[2].value == tensors[2])
      // The rest of its first and its last page belongs to others.
      let zeros = try file.floats("1").elements.count { $0 == 0 }
      #expect(zeros > 85_000)
    }
  }

  @Test(arguments: [TensorDType.float32, .float16, .bfloat16])
  func notANumberStaysOne(dtype: TensorDType) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/nan.safetensors"
      // The second has its bits where narrowing drops them.
      let values = [Float.nan, Float(bitPattern: 0x7F80_0001)]
      try Safetensors.write([("x", Tensor(shape: [2], values))], dtype: dtype, to: path)
      #expect(try SafetensorsFile(path: path).floats("x").elements.allSatisfy(\.isNaN))
    }
  }

  @Test func everyHalfIsWidenedExactly() throws {
    let halves = (0...UInt16.max).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let header = #"{"x":{"dtype":"F16","shape":[65536],"data_offsets":[0,131072]}}"#
    try withFile(file(header, halves)) { path in
      let floats = try SafetensorsFile(path: path).floats("x").elements
      for bits in 0...UInt16.max {
        let expected = Float(Float16(bitPattern: bits))
        let actual = floats[Int(bits)]
        #expect(actual == expected || actual.isNaN && expected.isNaN, "half \(bits)")
      }
    }
  }

  @Test func sameInputSameBytesWhateverTheOrder() throws {
    try withTemporaryFolder { folder in
      let tensors = [("b", Tensor(shape: [2], [1, 2])), ("a", Tensor(shape: [1], [3]))]
      let metadata = ["x": "1", "y": "2", "z": "3"]
      try Safetensors.write(tensors, metadata: metadata, to: folder + "/1")
      try Safetensors.write(tensors.reversed(), metadata: metadata, to: folder + "/2")
      let bytes = try Data(contentsOf: URL(filePath: folder + "/1"))
      #expect(try Data(contentsOf: URL(filePath: folder + "/2")) == bytes)
      #expect(bytes[0] % 8 == 0)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["1", "2"])
    }
  }

  @Test func integersAndUnalignedData() throws {
    // The header's length is odd, so nothing that follows it is aligned.
    let header = """
      {"b":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},\
      "d":{"dtype":"F64","shape":[1],"data_offsets":[3,11]},\
      "i":{"dtype":"I32","shape":[1],"data_offsets":[11,15]},\
      "l":{"dtype":"I64","shape":[1,1],"data_offsets":[15,23]},\
      "u":{"dtype":"U8","shape":[1],"data_offsets":[23,24]},\
      "v":{"dtype":"U16","shape":[0],"data_offsets":[24,24]}}
      """
    let data =
      [0, 1, 2] + bytes(of: Double(1.0 / 3).bitPattern) + bytes(of: Int32(-2))
      + bytes(of: Int64.min) + [255]
    try withFile(file(header + (header.utf8.count % 2 == 0 ? " " : ""), data)) { path in
      let file = try SafetensorsFile(path: path)
      #expect(try file.integers("b") == IntegerArray(shape: [3], values: [0, 1, 1]))
      #expect(try file.floats("d").elements == [Float(1.0 / 3)])
      #expect(try file.integers("i").values == [-2])
      #expect(try file.integers("l") == IntegerArray(shape: [1, 1], values: [.min]))
      #expect(try file.integers("u").values == [255])
      expectRefusal(path, "'u' is U8") { try file.floats("u") }
      expectRefusal(path, "'d' is F64") { try file.integers("d") }
      expectRefusal(path, "'v' is U16") { try file.integers("v") }
      expectRefusal(path, "no tensor 'none'") { try file.floats("none") }
    }
  }

  @Test(arguments: [
    (#"[]"#, "not a JSON object"),
    (#"{"x":"#, "not valid JSON"),
    (#"{"x":1}"#, "lacks a valid dtype"),
    (#"{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, "lacks a valid dtype"),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,1e30]}}"#, "lacks a valid dtype"),
    (#"{"x":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}"#, "lacks a valid dtype"),
    (#"{"x":{"dtype":"F32","data_offsets":[0,4]}}"#, "lacks a valid dtype"),
    (#"{"x":{"dtype":"F5","shape":[1],"data_offsets":[0,4]}}"#, "unknown type 'F5'"),
    (#"{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "impossible shape"),
    (
      #"{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
      "impossible shape"
    ),
    (
      #"{"x":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}"#,
      "impossible shape"
    ),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "impossible data offsets"),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, "impossible data offsets"),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, "impossible data offsets"),
    (#"{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#, "beyond the end"),
    (
      #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775807]}}"#,
      "beyond the end"
    ),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, "does not fit"),
    (
      #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "overlaps"
    ),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "belong to no tensor"),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "belong to no tensor"),
    (
      #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
        + #""x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "belong"
    ),
    (#"{"__metadata__":{"a":1}}"#, "not strings"),
  ])
  func hostileHeaders(header: String, words: String) throws {
    try withFile(file(header, [UInt8](repeating: 0, count: 8))) { path in
      expectRefusal(path, words) { try SafetensorsFile(path: path) }
    }
  }

  @Test(arguments: [
    String(repeating: "[", count: 1_000_000), String(repeating: #"{"a":"#, count: 300_000),
    #"{"__metadata__":"# + String(repeating: "[", count: 1_000_000),
  ])
  func deepNesting(text: String) throws {
    try withFile(file(text.hasPrefix("{") ? text : #"{"x":"# + text, [])) { path in
      expectRefusal(path, "has") { try SafetensorsFile(path: path) }
    }
  }

  @Test(arguments: [
    (bytes(of: UInt64(100_000_001)) + [0x7B], "above the limit"),
    (bytes(of: UInt64.max) + [0x7B], "above the limit"),
    (bytes(of: UInt64(2)) + [0x7B], "cut short inside its header"),
    (bytes(of: UInt64(0)), "not a JSON object"),
    (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "Git LFS pointer"),
    ([1, 0, 0], "too short"),
    ([], "too short"),
  ])
  func hostileLengths(bytes: [UInt8], words: String) throws {
    try withFile(bytes) { path in
      expectRefusal(path, words) { try SafetensorsFile(path: path) }
    }
  }

  @Test func missingFileAndFolder() throws {
    try withTemporaryFolder { folder in
      expectRefusal(folder + "/no", "no such file") { try SafetensorsFile(path: folder + "/no") }
      expectRefusal(folder, "not a regular file") { try SafetensorsFile(path: folder) }
    }
  }

  @Test func damageNeverCrashes() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/x"
      try Safetensors.write(
        [("a", Tensor(shape: [2], [1, 2])), ("b", Tensor(shape: [1, 1], [3]))],
        metadata: ["k": "v"], to: path)
      let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
      let refused = try damageEverywhere(whole) { damaged in
        try rewrite(damaged, to: path)
        let file = try SafetensorsFile(path: path)
        for name in file.names { _ = try file.floats(name) }
      }
      #expect(refused.prefixes == whole.count)
      #expect(refused.changes > whole.count)
    }
  }

  @Test func writingRefusesWhatItCannotHold() throws {
    try withTemporaryFolder { folder throws in
      let (path, one) = (folder + "/x", Tensor(shape: [1], [1]))
      expectRefusal(path, "two tensors named 'a'") {
        try Safetensors.write([("a", one), ("a", one)], to: path)
      }
      expectRefusal(path, "'__metadata__'") {
        try Safetensors.write([("__metadata__", one)], to: path)
      }
      expectRefusal(path, "'a' has elements too large for F16") {
        try Safetensors.write([("a", Tensor(shape: [1], [65520]))], dtype: .float16, to: path)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }

  private func file(_ header: String, _ data: [UInt8]) -> [UInt8] {
    bytes(of: UInt64(header.utf8.count)) + header.utf8 + data
  }
}

private func bytes(of value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// By the definition: the nearer of the two neighbours, of equally near ones the even.
private func nearestBFloat16(_ value: Float) -> Float {
  guard value.isFinite else { return value }
  let below = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
  let above = Float(bitPattern: (value.bitPattern & 0xFFFF_0000) &+ 0x1_0000)
  let (down, up) = (abs(value - below), abs(above - value))
  if down != up { return down < up ? below : above }
  return (value.bitPattern >> 16) & 1 == 0 ? below : above
}
