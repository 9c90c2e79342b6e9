import PIQKernels
import Testing

struct PrecisionTests {
  /// bf16 loses digits: it has to be 15 % faster.
  @Test(arguments: [
    (1.0, 1.0, Precision.float32), (1.14, 1.0, .float32), (1.16, 1.0, .bfloat16),
    (0.5, 1.0, .float32), (3.0, 1.0, .bfloat16),
  ])
  func faster(float32: Double, bfloat16: Double, expected: Precision) {
    #expect(Precision.faster(float32: float32, bfloat16: bfloat16) == expected)
  }

  @Test func namedPrecisionsAreNotMeasured() throws {
    #expect(try PrecisionChoice.bfloat16.resolved(for: .training, channels: 0) == .bfloat16)
    #expect(try PrecisionChoice.float32.resolved(for: .inference, channels: 0) == .float32)
    #expect(PrecisionChoice.auto.named == nil)
  }

  @Test(arguments: [Precision.Workload.inference, .training])
  func measuredPrecisionsAreNative(workload: Precision.Workload) throws {
    #expect(try PrecisionChoice.auto.resolved(for: workload, channels: 64).isNative)
  }
}
