import Dispatch
package import PIQTensor
import Synchronization

/// Measures the time of a network's layers while it runs.
///
///     let clock = LayerClock()
///     let interpretation = try clock.measure { try interpreter.interpret(analysis) }
///     for layer in clock.layers { print(layer.name, layer.seconds) }
public final class LayerClock: Sendable {
  /// One layer, or another step of the computation.
  public struct Layer: Sendable {
    /// As in SpeechBrain's state dicts, where it has parameters.
    public let name: String
    /// How it is computed, with the kernel that oneDNN chose in brackets; empty where there are no
    /// products.
    public let method: String
    /// Wall time.
    public let seconds: Double
    /// The multiplications by its definition.
    public let multiplications: Double
    /// The multiplications performed.
    public let performed: Double
  }

  /// The work of an algorithm for a layer.
  package struct Work {
    let method: String
    let multiplications, performed: Double
  }

  private let noted = Mutex<[Layer]>([])
  @TaskLocal private static var current: LayerClock?
  @TaskLocal private static var prefix = ""

  /// A clock without measurements.
  public init() {}

  /// The layers that ran, in order.
  public var layers: [Layer] { noted.withLock { $0 } }

  /// Measures the layers that run in `body`, on the calling thread.
  public func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Self.$current.withValue(self, operation: body)
  }

  /// Puts a module's name before those of the layers in `body`.
  package static func within<Result>(
    _ module: String, _ body: () throws -> Result
  ) rethrows -> Result {
    guard current != nil else { return try body() }
    return try $prefix.withValue(prefix + module + ".", operation: body)
  }

  /// Runs a step, and measures it if a clock is active.
  package static func step<Result>(
    _ name: String, _ work: @autoclosure () -> Work? = nil, _ body: () throws -> Result
  ) rethrows -> Result {
    guard let current else { return try body() }
    let start = DispatchTime.now()
    let result = try body()
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
    let work = work()
    current.noted.withLock {
      $0.append(
        Layer(
          name: prefix + name, method: work?.method ?? "", seconds: seconds,
          multiplications: work?.multiplications ?? 0, performed: work?.performed ?? 0))
    }
    return result
  }
}

extension ConvolutionPlan {
  /// Runs the convolution under the name that a `LayerClock` gives it.
  package func callAsFunction(
    _ x: Tensor, adding residual: Tensor? = nil, named name: String
  ) throws -> Tensor {
    try LayerClock.step(name, work(on: x.shape)) { try self(x, adding: residual) }
  }
}
