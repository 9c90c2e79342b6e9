import PIQKernels
import Testing

struct PrecisionTests {
  /// bf16 loses digits: it has to be 15 % faster.
  @Test(arguments: [
    (1.0, 1.0, Precision.float32), (1.14, 1.0, .float32), (1.16, 1.0, .bfloat16),
    (0.5, 1.0, .float32), (3.0, 1.0, .bfloat16),
  ])
  func faster(float32: Double, bfloat16: Double, expected: Precision) {
    let times = [Precision.float32: float32, .bfloat16: bfloat16]
    #expect(Precision.faster(isNative: true) { times[$0] ?? .nan } == expected)
  }

  @Test func namedPrecisionsAreNotMeasured() throws {
    #expect(try PrecisionChoice.bfloat16.resolved(for: .training, channels: 0) == .bfloat16)
    #expect(try PrecisionChoice.float32.resolved(for: .inference, channels: 0) == .float32)
    #expect(PrecisionChoice.auto.named == nil)
  }

  @Test func aPrecisionThatTheCPULacksIsNotMeasured() {
    let chosen = Precision.faster(isNative: false) {
      Issue.record("\($0.rawValue) was timed")
      return $0 == .bfloat16 ? 1 : 10
    }
    #expect(chosen == .float32)
  }
}
