import Dispatch
import PIQOneDNN
import PIQTensor

/// A precision by name, or the one measured to be faster on this machine.
public enum PrecisionChoice: String, Codable, Sendable, CaseIterable {
  /// Measured once, when it is resolved. Runs agree if they chose the same precision.
  case auto
  /// Single precision.
  case float32 = "f32"
  /// Brain floating point.
  case bfloat16 = "bf16"

  /// The choice that names `precision`.
  public init(_ precision: Precision) { self = precision == .float32 ? .float32 : .bfloat16 }

  /// The precision that it names; nil for `auto`.
  public var named: Precision? { Precision(rawValue: rawValue) }

  /// The precision that it names, or the faster one for this purpose.
  ///
  /// - Parameter channels: of the layers that are timed.
  /// - Throws: `OneDNNError`.
  public func resolved(for workload: Precision.Workload, channels: Int) throws -> Precision {
    try named ?? .measured(for: workload, channels: channels)
  }
}

extension Precision {
  /// The work that a precision is chosen for.
  public enum Workload: Sendable {
    /// The decoder's layers.
    case inference
    /// A layer with its gradients.
    case training
  }

  /// The least speed-up for which bf16 is chosen despite its lower precision.
  private static let minimumSpeedUp = 1.15

  /// The precision to use, given the time of the same work in either; bf16 is timed only where the
  /// CPU multiplies it in hardware.
  package static func faster(
    isNative: Bool = bfloat16.isNative, seconds: (Precision) throws -> Double
  ) rethrows -> Precision {
    guard isNative else { return .float32 }
    return try seconds(.float32) >= minimumSpeedUp * seconds(.bfloat16) ? .bfloat16 : .float32
  }

  /// The precision in which this machine, with the threads that the caller may use, runs layers of a
  /// network faster: the best of five runs after a warm-up counts.
  ///
  /// - Parameter channels: of the layers that are timed.
  /// - Throws: `OneDNNError`.
  public static func measured(for workload: Workload, channels: Int) throws -> Precision {
    let measurement = Measurement(workload, channels: channels)
    return measurement.dependsOnPrecision ? try faster { try measurement.seconds($0) } : .float32
  }

  /// The last two layers of a decoder on a small map, or one with its gradients.
  private struct Measurement {
    let workload: Workload
    let up, last: ConvolutionGeometry
    let x, gradient, upWeights, lastWeights: Tensor

    init(_ workload: Workload, channels: Int) {
      self.workload = workload
      up = ConvolutionGeometry(
        inChannels: channels, outChannels: channels, kernel: Extent(4, 4), stride: Extent(2, 2),
        padding: Extent(1, 1), isTransposed: true)
      last = ConvolutionGeometry(
        inChannels: channels, outChannels: 1, kernel: Extent(12, 12), stride: Extent(1, 1),
        padding: Extent(1, 1), isTransposed: true)
      // Large enough for the tiles that inference takes for the largest maps.
      let size = workload == .inference ? Extent(96, 96) : Extent(32, 32)
      x = Tensor(shape: [1, size.height, size.width, channels], repeating: 0.5)
      gradient = Tensor(shape: up.output(of: x.shape), repeating: 0.5)
      upWeights = Tensor(shape: [channels, channels, 4, 4], repeating: 0.01)
      lastWeights = Tensor(shape: [channels, 1, 12, 12], repeating: 0.01)
    }

    /// Whether the layers round their operands at all.
    var dependsOnPrecision: Bool {
      ConvolutionPlanner(up, purpose: .inference, precision: .bfloat16).operands == .bfloat16
    }

    func seconds(_ precision: Precision) throws -> Double {
      let purpose: ConvolutionPlanner.Purpose = workload == .inference ? .inference : .training
      func plan(_ geometry: ConvolutionGeometry, _ weights: Tensor) -> ConvolutionPlan {
        ConvolutionPlan(
          geometry, weights: ConvolutionWeights(TensorSource(weights)), epilogue: Epilogue(),
          for: purpose,
          precision: precision)
      }
      let first = plan(up, upWeights)
      let both = ConvolutionSequence([("", first), ("", plan(last, lastWeights))])
      var best = Double.infinity
      for round in 0...5 {
        let start = DispatchTime.now()
        switch workload {
        case .inference: _ = try both(x)
        case .training:
          _ = try first(x)
          _ = try first.gradients(gradient, at: NormalizedMaps(x), needsWeights: true)
        }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
        if round > 0 { best = min(best, seconds) }
      }
      return best
    }
  }
}

/// The precision of the operands of large products. Sums, weights and layer outputs are always in
/// single precision.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// Single precision, 24 bits.
  case float32 = "f32"
  /// Brain floating point, 8 bits: faster on most CPUs that have it, and most so with AMX.
  case bfloat16 = "bf16"

  /// Whether this CPU multiplies it in hardware (AVX512-BF16 or AMX).
  public var isNative: Bool { self == .float32 || multipliesBFloat16 }

  /// oneDNN's name for the kernel that multiplies.
  var kernel: String {
    switch self {
    case .float32: Float.kernel
    case .bfloat16: BFloat16.kernel
    }
  }
}
