import PIQKernels
public import PIQTensor

/// Resizes maps bilinearly, without aligned corners (`torchvision.transforms.functional.resize`,
/// `torch.nn.functional.interpolate`).
///
///     let image = BilinearResize(rows: 224, columns: 224, antialias: true)(logPower)
public struct BilinearResize: Sendable {
  /// H', the rows of the result.
  public let rows: Int
  /// W', the columns of the result.
  public let columns: Int
  /// Whether a smaller result averages over all that it stands for, with a triangle as wide as the
  /// ratio; otherwise only over the two nearest. torchvision does so since 0.17.
  public let antialias: Bool

  /// A resize to H' rows and W' columns, each at least 1.
  public init(rows: Int, columns: Int, antialias: Bool = true) {
    self.rows = rows
    self.columns = columns
    self.antialias = antialias
  }

  /// Resizes `x` [B, H, W, C] to [B, H', W', C].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let (height, width) = axes(of: x.shape)
    return width.resize(height.resize(x, axis: 1), axis: 2)
  }

  /// The resize with its pullback.
  public func differentiated(_ x: Tensor) -> Differentiated {
    let (height, width) = axes(of: x.shape)
    return Differentiated(width.resize(height.resize(x, axis: 1), axis: 2)) { gradient in
      height.spread(width.spread(gradient, axis: 2), axis: 1)
    }
  }

  private func axes(of shape: [Int]) -> (height: ResizedAxis, width: ResizedAxis) {
    (
      ResizedAxis(from: shape[1], to: rows, antialias: antialias),
      ResizedAxis(from: shape[2], to: columns, antialias: antialias)
    )
  }
}

/// The weights along one axis: each new cell is a weighted mean of some neighbouring old ones.
private struct ResizedAxis {
  private struct Cell {
    let first: Int
    let weights: [Float]
  }

  private let cells: [Cell]
  private let length: Int

  /// As PyTorch computes them, in single precision: its roundings move the weights by more than ours
  /// do anything else.
  init(from length: Int, to count: Int, antialias: Bool) {
    self.length = length
    let ratio = Float(length) / Float(count)
    let reach = antialias ? max(ratio, 1) : 1
    cells = (0..<count).map { i in
      guard antialias else {
        let position = max(ratio * (Float(i) + 0.5) - 0.5, 0)
        let first = min(Int(position), length - 1)
        let part = position - Float(first)
        return first + 1 < length
          ? Cell(first: first, weights: [1 - part, part]) : Cell(first: first, weights: [1])
      }
      let centre = ratio * (Float(i) + 0.5)
      let first = max(Int(centre - reach + 0.5), 0)
      let end = min(Int(centre + reach + 0.5), length)
      let weights = (first..<end).map {
        max(0, 1 - abs((Float($0) - centre + 0.5) * (1 / reach)))
      }
      let total = weights.reduce(0, +)
      return Cell(first: first, weights: weights.map { $0 / total })
    }
  }

  /// Resizes an axis of `x`.
  func resize(_ x: Tensor, axis: Int) -> Tensor {
    let inner = x.shape[(axis + 1)...].reduce(1, *)
    var shape = x.shape
    shape[axis] = cells.count
    return withElements(of: x) { elements in
      Tensor(shape: shape) { y in
        guard let y = y.baseAddress else { return }
        inParallel(rows: shape[...axis].reduce(1, *)) { rows in
          for row in rows {
            let cell = cells[row % cells.count]
            let source = elements[0] + (row / cells.count * length + cell.first) * inner
            let target = y + row * inner
            target.update(repeating: 0, count: inner)
            for (i, weight) in cell.weights.enumerated() {
              for j in 0..<inner { target[j] += weight * source[i * inner + j] }
            }
          }
        }
      }
    }
  }

  /// The gradient of what was resized, from that of the result.
  func spread(_ gradient: Tensor, axis: Int) -> Tensor {
    let inner = gradient.shape[(axis + 1)...].reduce(1, *)
    var shape = gradient.shape
    shape[axis] = length
    var result = Tensor(shape: shape)
    result.withUnsafeMutableBuffer { result in
      withElements(of: gradient) { elements in
        guard let result = result.baseAddress else { return }
        // Rows of the result overlap only within one run of the axis.
        inParallel(rows: shape[..<axis].reduce(1, *)) { runs in
          for row in runs.lowerBound * cells.count..<runs.upperBound * cells.count {
            let cell = cells[row % cells.count]
            let target = result + (row / cells.count * length + cell.first) * inner
            let source = elements[0] + row * inner
            for (i, weight) in cell.weights.enumerated() {
              for j in 0..<inner { target[i * inner + j] += weight * source[j] }
            }
          }
        }
      }
    }
    return result
  }
}
