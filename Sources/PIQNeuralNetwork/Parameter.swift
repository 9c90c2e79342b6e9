package import PIQKernels
public import PIQTensor
import Synchronization

/// A tensor that belongs to a layer: a weight that training moves, or a running statistic.
public final class Parameter {
  /// The current values: made anew by each reading where the parameter was given a source.
  public var value: Tensor {
    get { held ?? source.value }
    _modify {
      var value = held ?? source.value
      // Unique while it changes, so that nothing is copied.
      (held, columns) = (nil, nil)
      defer {
        held = value
        version &+= 1
      }
      yield &value
    }
  }
  private var held: Tensor?
  private var stored: TensorSource?
  /// The values, held or to be made.
  package var source: TensorSource {
    get { held.map { TensorSource($0) } ?? stored ?? TensorSource(Tensor(shape: [0])) }
    set {
      (held, stored, columns) = (nil, newValue, nil)
      version &+= 1
    }
  }
  /// The transpose of a frozen parameter that is kept as it is multiplied: [I, O] of a matrix
  /// [O, I, ...], [kH kW, I O] of the taps of a transposed convolution [I, O, kH, kW].
  package private(set) var columns: Tensor?
  private let rowAxes: Int?
  /// The gradient of the objective, summed over all pullbacks since it was last cleared.
  public var gradient: Tensor?
  /// Whether an optimiser may move it. Running statistics move only in training-mode forwards.
  public let isTrainable: Bool
  /// Whether pullbacks compute its gradient (PyTorch's `requires_grad`).
  public var needsGradient: Bool
  /// Counts the changes of `value`, so that derived values can tell when they are stale.
  public private(set) var version = 0

  /// A parameter that begins as `value`.
  public convenience init(_ value: Tensor, isTrainable: Bool = true) {
    self.init(value, isTrainable: isTrainable, rowAxes: nil)
  }

  /// A parameter that is multiplied as a matrix.
  ///
  /// - Parameter rowAxes: how many of its axes are the rows: 1 of a matrix [O, I, ...], 2 of taps
  ///   [I, O, kH, kW]; nil if it is kept as it is.
  package init(_ value: Tensor, isTrainable: Bool = true, rowAxes: Int?) {
    held = value
    self.isTrainable = isTrainable
    self.rowAxes = rowAxes
    needsGradient = isTrainable
  }

  /// Excludes the parameter from gradients. A matrix is kept as its transpose alone, since products
  /// with that are faster; its stored form is given up.
  package func freeze() {
    needsGradient = false
    let (source, shape) = (source, source.shape)
    guard let rowAxes, columns == nil, shape.count > rowAxes else { return }
    let sizes = [shape.prefix(rowAxes), shape.dropFirst(rowAxes)].map { $0.reduce(1, *) }
    let columns = transposedMatrix(source.value.reshaped(sizes))
    source.discardStoredForm()
    (held, stored) = (nil, TensorSource(shape: shape) { transposedMatrix(columns).reshaped(shape) })
    self.columns = columns
  }

  /// Adds to the gradient, which only the caller clears.
  package func accumulate(_ gradient: Tensor) {
    guard needsGradient else { return }
    let gradient = gradient.reshaped(value.shape)
    self.gradient = self.gradient.map { sum($0, gradient) } ?? gradient
  }
}

/// The value of a layer, with its pullback.
public struct Differentiated {
  /// The layer's output.
  public let value: Tensor
  /// Maps the gradient of the output to that of the input, and adds to those of the parameters.
  public let pullback: (Tensor) throws -> Tensor

  /// Pairs an output with its pullback.
  public init(_ value: Tensor, pullback: @escaping (Tensor) throws -> Tensor) {
    self.value = value
    self.pullback = pullback
  }

  /// The composition with another layer.
  public func then(_ next: (Tensor) throws -> Differentiated) rethrows -> Differentiated {
    let after = try next(value)
    return Differentiated(after.value) { try pullback(after.pullback($0)) }
  }
}

/// Whether a forward pass trains (batch statistics, which move the running ones) or evaluates.
public enum Mode: Sendable, Hashable {
  case training
  case evaluation
}

/// A part of a network that has parameters.
public protocol Layer: AnyObject {
  /// The parameters under the names that PyTorch's `state_dict` gives them.
  var state: [(name: String, parameter: Parameter)] { get }
}

extension Layer {
  /// `state` with `prefix` and a dot before each name.
  public func state(under prefix: String) -> [(name: String, parameter: Parameter)] {
    state.map { ("\(prefix).\($0.name)", $0.parameter) }
  }

  /// Clears the gradients of all parameters.
  public func clearGradients() {
    for (_, parameter) in state { parameter.gradient = nil }
  }
}

/// Cached values derived from parameters, one per precision, made again when a parameter changes.
///
/// Where several threads ask for it, the first one makes it and the others wait.
package final class ParameterCache<Value>: Sendable {
  private struct State {
    var versions: [Int] = []
    // Values are only read, or have their own locks.
    nonisolated(unsafe) var values: [Precision: Value] = [:]
  }

  private let state = Mutex(State())

  /// Nothing made yet.
  package init() {}

  /// The result of `make` for these parameters and this precision.
  package func callAsFunction(
    from parameters: [Parameter], _ precision: Precision = .float32, make: () throws -> Value
  ) rethrows -> Value {
    let versions = parameters.map(\.version)
    nonisolated(unsafe) let make = make
    nonisolated(unsafe) let result = try state.withLock { state in
      if state.versions != versions { state = State(versions: versions) }
      if let value = state.values[precision] { return value }
      let value = try make()
      state.values[precision] = value
      return value
    }
    return result
  }
}
