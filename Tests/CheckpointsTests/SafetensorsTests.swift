import Checkpoints
import Foundation
import Tensor
import Testing

@Suite struct SafetensorsTests {
  @Test(arguments: [TensorDType.float32, .float16, .bfloat16])
  func roundTrip(dtype: TensorDType) throws {
    try withTemporaryFolder { folder in
      let values: [Float] = [
        0, -0.0, 1, -1.5, 65504, .infinity, -.infinity, 0x1p-14, 0x1p-24, 0x1.ffcp-15, 1 + 0x1p-11,
        1 + 0x3p-11, 3.14159,
      ]
      let tensor = Tensor(shape: [1, values.count], values)
      let path = folder + "/a.safetensors"
      try Safetensors.write(
        [("b", tensor), ("a", Tensor(shape: [], [7])), ("empty", Tensor(shape: [0, 3]))],
        metadata: ["k\"": "v\n/"], dtype: dtype, to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.names == ["a", "b", "empty"])
      #expect(file.metadata == ["k\"": "v\n/"])
      #expect(file.dtype(of: "b") == dtype)
      #expect(file.shape(of: "b") == [1, values.count])
      #expect(try file.floats("a").scalar == 7)
      #expect(try file.floats("empty").shape == [0, 3])
      let expected = values.map { value -> Float in
        switch dtype {
        case .float16: Float(Float16(value))
        case .bfloat16: roundedToBFloat16(value)
        default: value
        }
      }
      let read = try file.floats("b")
      #expect(read.elements.map(\.bitPattern) == expected.map(\.bitPattern))
    }
  }
}

func withTemporaryFolder(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "checkpoints-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// By the definition: the nearer of the two neighbours, of equally near ones the even.
private func roundedToBFloat16(_ value: Float) -> Float {
  guard value.isFinite else { return value }
  let below = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
  let above = Float(bitPattern: (value.bitPattern & 0xFFFF_0000) &+ 0x1_0000)
  let (down, up) = (abs(value - below), abs(above - value))
  if down != up { return down < up ? below : above }
  return (value.bitPattern >> 16) & 1 == 0 ? below : above
}
