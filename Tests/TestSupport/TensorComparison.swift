public import PIQTensor

/// How far a tensor is from what was expected of it.
public struct TensorDifference: CustomStringConvertible, Sendable {
  /// Where the largest difference is, in row-major order.
  public let index: Int
  public let actual: Float
  public let expected: Float
  /// The largest absolute difference over the largest absolute expected element.
  public let relative: Double
  /// The largest absolute difference.
  public let absolute: Double

  public var description: String {
    "worst at \(index): \(actual) instead of \(expected), \(relative) of the largest element"
  }

  /// Compares element by element; infinite when the shapes differ or a value is not a number.
  public init(_ actual: Tensor, _ expected: Tensor) {
    guard actual.shape == expected.shape else {
      (index, self.actual, self.expected) = (-1, .nan, .nan)
      (relative, absolute) = (.infinity, .infinity)
      return
    }
    let (a, e) = (actual.elements, expected.elements)
    var worst = 0
    var difference = 0.0
    for i in a.indices {
      let d = a[i] == e[i] ? 0 : abs(Double(a[i]) - Double(e[i]))
      if d > difference || d.isNaN {
        (worst, difference) = (i, d.isNaN ? .infinity : d)
        if d.isNaN { break }
      }
    }
    let scale = e.reduce(0) { max($0, abs(Double($1))) }
    index = worst
    self.actual = a.isEmpty ? 0 : a[worst]
    self.expected = e.isEmpty ? 0 : e[worst]
    absolute = difference
    relative = difference == 0 ? 0 : difference / max(scale, 1e-30)
  }
}
