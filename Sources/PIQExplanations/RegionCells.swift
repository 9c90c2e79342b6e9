import PIQTensor

/// The frames and bins of a region.
struct RegionCells {
  let frames, bins: Range<Int>

  /// nil where a mask keeps nothing.
  init?(_ mask: Tensor, _ logPower: Tensor) {
    let (rows, columns) = (mask.shape[0], mask.shape[1])
    var (time, frequency) = (
      [Double](repeating: 0, count: rows), [Double](repeating: 0, count: columns)
    )
    mask.withUnsafeBuffer { mask in
      logPower.withUnsafeBuffer { logPower in
        for row in 0..<rows {
          for column in 0..<columns {
            let i = row * columns + column
            let weight = Double(mask[i]) * Double(logPower[i])
            time[row] += weight
            frequency[column] += weight
          }
        }
      }
    }
    guard let frames = Self.shortest(time), let bins = Self.shortest(frequency) else { return nil }
    (self.frames, self.bins) = (frames, bins)
  }

  /// The part of the weight that a region holds along each axis.
  private static let share = 0.5

  /// The shortest interval that holds this part of the weights; the first of equals.
  private static func shortest(_ weights: [Double]) -> Range<Int>? {
    let wanted = share * weights.reduce(0, +)
    guard wanted > 0 else { return nil }
    var best = weights.indices
    var (sum, first) = (0.0, 0)
    for last in weights.indices {
      sum += weights[last]
      while first < last, sum - weights[first] >= wanted {
        sum -= weights[first]
        first += 1
      }
      if sum >= wanted, last + 1 - first < best.count { best = first..<last + 1 }
    }
    return best
  }
}
