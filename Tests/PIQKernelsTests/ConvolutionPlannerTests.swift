import PIQKernels
import Testing

/// Which algorithm a layer runs by.
struct ConvolutionPlannerTests {
  private func planner(
    _ inputs: Int, _ outputs: Int, kernel: Int = 4, stride: Int = 2, isTransposed: Bool = true,
    for purpose: ConvolutionPlanner.Purpose = .inference, precision: Precision = .float32
  ) -> ConvolutionPlanner {
    ConvolutionPlanner(
      ConvolutionGeometry(
        inChannels: inputs, outChannels: outputs, kernel: Extent(kernel, kernel),
        stride: Extent(stride, stride), padding: Extent(1, 1), isTransposed: isTransposed),
      purpose: purpose, precision: precision)
  }

  /// Kept transforms pay for large maps only, and large tiles for the largest.
  @Test(arguments: [
    (Extent(45, 45), ConvolutionPlanner.Algorithm.matrixProducts),
    (Extent(46, 46), .winograd(.three)), (Extent(90, 91), .winograd(.three)),
    (Extent(128, 128), .winograd(.five)),
  ])
  func inference(size: Extent, expected: ConvolutionPlanner.Algorithm) {
    #expect(planner(64, 64).algorithm(.toFine, coarse: size) == expected)
  }

  /// Training makes the transforms anyway, with the tiles that round least; bf16 takes no others.
  @Test func smallMaps() {
    let size = Extent(3, 4)
    #expect(planner(64, 72, for: .training).algorithm(.toFine, coarse: size) == .winograd(.three))
    #expect(
      planner(64, 64, isTransposed: false, for: .training).algorithm(.toCoarse, coarse: size)
        == .winograd(.three))
    #expect(
      planner(64, 64, precision: .bfloat16).algorithm(.toFine, coarse: Extent(200, 200))
        == .winograd(.three))
  }

  /// Few channels, or those that do not fill vectors, and other kernels and strides.
  @Test func generalLayers() {
    for layer in [
      planner(56, 64, for: .training), planner(64, 65, for: .training),
      planner(64, 64, kernel: 5, for: .training), planner(64, 64, stride: 1, for: .training),
      planner(64, 64, kernel: 3, isTransposed: false, for: .training),
    ] {
      #expect(layer.algorithm(.toFine, coarse: Extent(200, 200)) == .matrixProducts)
      #expect(layer.weightGradient == .matrixProducts)
    }
  }

  /// The last layer runs with the one before it if it has stride 1 and one channel.
  @Test func fusedLayers() {
    let last = planner(64, 1, kernel: 12, stride: 1)
    #expect(planner(64, 64).isFused(with: last))
    #expect(!planner(64, 64).isFused(with: planner(64, 1, kernel: 12, stride: 2)))
    #expect(!planner(64, 64).isFused(with: planner(64, 2, kernel: 12, stride: 1)))
    #expect(!planner(64, 64, kernel: 3).isFused(with: last))
    #expect(!planner(32, 32).isFused(with: planner(32, 1, kernel: 12, stride: 1)))
  }

  /// Narrow layers are of single precision whatever is asked for.
  @Test func operands() {
    #expect(planner(64, 64, precision: .bfloat16).operands == .bfloat16)
    #expect(planner(64, 1, kernel: 12, stride: 1, precision: .bfloat16).operands == .bfloat16)
    #expect(planner(1, 64, isTransposed: false, precision: .bfloat16).operands == .float32)
    #expect(planner(32, 32, precision: .bfloat16).operands == .float32)
  }
}
