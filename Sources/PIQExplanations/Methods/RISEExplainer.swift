package import PIQClassifiers
package import PIQNeuralNetwork
import PIQSpectral
package import PIQTensor

/// How the score of the class depends on each cell over random smooth masks (RISE, Petsiuk, Das and Saenko,
/// arXiv 1806.07421, for sound as in FreqRISE, arXiv 2406.08586): the slope of the score over the mask's
/// value there. RISE's own mean over masks differs from it by a constant, which is noise.
public struct RISEExplainer: PerturbationExplainer {
  public static let name = "rise"
  public static var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> {
    [\.samples, \.patch, \.baseline, \.seed]
  }

  package let interpreter: Interpreter
  private let settings: ExplainerSettings

  public init(_ interpreter: Interpreter, _ settings: ExplainerSettings) {
    (self.interpreter, self.settings) = (interpreter, settings)
  }

  package func attributions(_ clip: Clip, as classIndex: Int, number: Int) throws -> Tensor {
    let shape = clip.logPower.shape
    let size = settings.patch.cells(of: interpreter.frontEnd.stft.configuration)
    let seed = settings.seed
    let mask: @Sendable (Int) -> Tensor = { index in
      var random = RandomStream(seed: seed, path: [RandomPurpose.rise.rawValue, number, index])
      return Self.mask(shape, cell: size, &random)
    }
    let scores = try MaskedScores(interpreter, clip, of: classIndex, settings.baseline)(
      count: settings.samples, mask: mask)
    // Masks are made a second time rather than kept.
    let mean = scores.reduce(0, +) / Double(scores.count)
    let count = shape[0] * shape[1]
    var (products, sums, squares) = (
      [Double](repeating: 0, count: count), [Double](repeating: 0, count: count),
      [Double](repeating: 0, count: count)
    )
    for (index, score) in scores.enumerated() {
      let difference = score - mean
      mask(index).withUnsafeBuffer { values in
        for i in values.indices {
          let value = Double(values[i])
          products[i] += difference * value
          sums[i] += value
          squares[i] += value * value
        }
      }
    }
    let samples = Double(scores.count)
    return Tensor(shape: shape) { slopes in
      for i in slopes.indices {
        let variance = squares[i] - sums[i] * sums[i] / samples
        slopes[i] = variance > 1e-9 ? Float(products[i] / variance) : 0
      }
    }
  }

  /// A mask [T, F]: a grid of cells that are 0 or 1 with the same chance, at a random place, between whose
  /// centres values are interpolated.
  package static func mask(
    _ shape: [Int], cell: (frames: Int, bins: Int), _ random: inout RandomStream
  ) -> Tensor {
    func axis(_ count: Int, _ cell: Int) -> (cells: Int, places: [(index: Int, part: Float)]) {
      let shift = random.unit() * Float(cell)
      let places = (0..<count).map { i in
        let place = (Float(i) + shift) / Float(cell)
        let index = Int(place)
        return (index: index, part: place - Float(index))
      }
      return ((places.last?.index ?? 0) + 2, places)
    }
    let rows = axis(shape[0], cell.frames)
    let columns = axis(shape[1], cell.bins)
    let grid = (0..<rows.cells * columns.cells).map { _ in random.unit() < 0.5 ? Float(0) : 1 }
    return Tensor(shape: shape) { values in
      var i = 0
      for row in rows.places {
        let above = row.index * columns.cells
        let below = above + columns.cells
        for column in columns.places {
          let (left, right) = (column.index, column.index + 1)
          let top = grid[above + left] + column.part * (grid[above + right] - grid[above + left])
          let bottom = grid[below + left] + column.part * (grid[below + right] - grid[below + left])
          values[i] = top + row.part * (bottom - top)
          i += 1
        }
      }
    }
  }
}
