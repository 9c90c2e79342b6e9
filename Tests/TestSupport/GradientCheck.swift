public import PIQNeuralNetwork
public import PIQTensor

/// Gradients against central differences (Richardson's extrapolation of two), in two directions
/// each.
///
/// Along the first direction every value moves the way its gradient points, so that nothing
/// cancels and a gradient that is 1 % too long shows as an error of 1 %; the second one is random,
/// and sees values that should not be zero. Functions are to be smooth within ±`step`: tests choose
/// what goes into a ReLU so that nothing crosses zero.
public struct GradientCheck {
  /// A gradient, and how far it is from the differences.
  public struct Result: CustomStringConvertible {
    /// What the gradient is of.
    public let name: String
    /// The largest difference over both directions.
    public let difference: Double
    /// What the terms gradient times direction add up to, signs left out.
    public let scale: Double

    public var description: String { "\(name): off by \(difference) of \(scale)" }
  }

  private let step: Float
  private let initializer: Initializer

  /// - Parameters:
  ///   - step: how far a value moves at most, either way.
  ///   - initializer: draws the directions.
  public init(step: Float = 0x1p-7, using initializer: Initializer) {
    self.step = step
    self.initializer = initializer
  }

  /// Compares `gradient` with the differences of `function` around `x`.
  public func callAsFunction(
    _ name: String, _ gradient: Tensor, at x: Tensor, of function: (Tensor) throws -> Double
  ) rethrows -> Result {
    let random = initializer.uniform(x.shape, bound: step).elements
    let (g, values) = (gradient.elements, x.elements)
    let aligned = zip(g, random).map { $0 == 0 ? $1 : abs($1) * ($0 > 0 ? 1 : -1) }
    var (difference, scale) = (0.0, 0.0)
    for direction in [aligned, random] {
      /// What the function changes by between two points, less what the gradient says.
      func excess(_ part: Float) throws -> (excess: Double, scale: Double) {
        let ahead = zip(values, direction).map { $0 + part * $1 }
        let behind = zip(values, direction).map { $0 - part * $1 }
        // What rounding has made of the step is what counts.
        let terms = zip(g, zip(ahead, behind)).map { Double($0) * (Double($1.0) - Double($1.1)) }
        let change =
          try function(Tensor(shape: x.shape, ahead)) - function(Tensor(shape: x.shape, behind))
        return (change - terms.reduce(0, +), terms.reduce(0) { $0 + abs($1) })
      }
      let (whole, half) = (try excess(1), try excess(0.5))
      // What is left of the function's curvature grows as the step's third power: it cancels here.
      difference = max(difference, abs(8 * half.excess - whole.excess) / 3)
      scale = max(scale, whole.scale)
    }
    return Result(name: name, difference: difference, scale: scale)
  }

  /// Compares the gradients of the input `x` and of all trainable `parameters` that `forward`'s
  /// pullback gives for a random gradient of its output.
  public func callAsFunction(
    _ parameters: [(name: String, parameter: Parameter)], at x: Tensor,
    forward: (Tensor) throws -> Differentiated
  ) throws -> [Result] {
    for (_, parameter) in parameters { parameter.gradient = nil }
    let y = try forward(x)
    let cotangent = initializer.uniform(y.value.shape, bound: 1)
    let inputGradient = try y.pullback(cotangent)
    func objective(_ x: Tensor) throws -> Double {
      Self.product(try forward(x).value, cotangent)
    }
    var results = [try self("input", inputGradient, at: x, of: objective)]
    for (name, parameter) in parameters where parameter.isTrainable {
      let value = parameter.value
      defer { parameter.value = value }
      let gradient = parameter.gradient ?? Tensor(shape: value.shape)
      results.append(
        try self(name, gradient, at: value) {
          parameter.value = $0
          return try objective(x)
        })
    }
    return results
  }

  /// The sum of the products of all elements, in double precision.
  public static func product(_ a: Tensor, _ b: Tensor) -> Double {
    zip(a.elements, b.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
}

extension [GradientCheck.Result] {
  /// Those that are off by more than `tolerance` of their scale. What is less than a hundredth of
  /// the largest scale counts as a hundredth of it: gradients that are zero but for rounding, such
  /// as that of a bias before batch normalisation.
  public func failures(tolerance: Double) -> Self {
    let least = (map(\.scale).max() ?? 0) / 100
    return filter { !($0.difference <= tolerance * Swift.max($0.scale, least)) }
  }
}
