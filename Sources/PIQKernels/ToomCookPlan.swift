import CPIQKernels
import PIQOneDNN
import PIQTensor

/// A transposed convolution of stride 1 to a single channel, as the last layer of a decoder, with a
/// quarter of the multiplications: parts of the kernel of 3 by 3 taps and tiles of 4 by 4 pixels
/// are polynomials in two variables, whose product, with 6 by 6 coefficients, is known from its
/// values at 36 points (Toom-Cook). All parts of the kernel share the values of a tile.
final class ToomCookPlan: Sendable {
  private static let tile = 4
  private static let part = 3
  private static let points = 36
  private static let tilesAtATime = 32

  /// The points along an axis are 0, 1, -1, 2, -1/2 and infinity. These are the values of a part's
  /// three taps there, with the coefficients' divisors.
  private static let tapValues: [[Double]] = [
    [1, 0, 0], [-1 / 3.0, -1 / 3.0, -1 / 3.0], [1 / 3.0, -1 / 3.0, 1 / 3.0],
    [1 / 15.0, 2 / 15.0, 4 / 15.0], [-16 / 15.0, 8 / 15.0, -4 / 15.0], [0, 0, 1],
  ]

  private let channels: Int
  /// How many parts the kernel has along either axis.
  private let partRows, partColumns: Int
  private var parts: Int { partRows * partColumns }
  /// The parts evaluated at the points [36, I, parts].
  private let kernel: Tensor

  /// - Parameter weights: [I, 1, kH, kW].
  init(weights: Tensor) {
    let (kH, kW) = (weights.shape[2], weights.shape[3])
    channels = weights.shape[0]
    partRows = (kH + Self.part - 1) / Self.part
    partColumns = (kW + Self.part - 1) / Self.part
    let (channels, partRows, partColumns) = (channels, partRows, partColumns)
    kernel = weights.withUnsafeBuffer { weights in
      Tensor(shape: [Self.points, channels, partRows * partColumns]) { kernel in
        var target = 0
        for point in 0..<Self.points {
          let (rowTaps, columnTaps) = (Self.tapValues[point / 6], Self.tapValues[point % 6])
          for c in 0..<channels {
            for part in 0..<partRows * partColumns {
              let (row, column) = (part / partColumns * 3, part % partColumns * 3)
              var sum = 0.0
              for a in 0..<min(3, kH - row) where rowTaps[a] != 0 {
                for b in 0..<min(3, kW - column) {
                  sum +=
                    rowTaps[a] * columnTaps[b]
                    * Double(weights[(c * kH + row + a) * kW + column + b])
                }
              }
              kernel[target] = Float(sum)
              target += 1
            }
          }
        }
      }
    }
  }

  /// The approximate number of multiplications for that many pixels.
  func multiplications(pixels: Int) -> Double {
    Double(pixels * Self.points * channels * parts) / Double(Self.tile * Self.tile)
  }

  /// The size of the sums that pixels contribute to, those of incomplete tiles included.
  func sumsSize(rows: Int, columns: Int) -> (rows: Int, columns: Int) {
    func size(_ pixels: Int, _ parts: Int) -> Int {
      (pixels + Self.tile - 1) / Self.tile * Self.tile + Self.part * parts - 1
    }
    return (size(rows, partRows), size(columns, partColumns))
  }

  /// Memory for the calls of each worker.
  struct Workspace {
    fileprivate let values, products: WorkerBuffers<Float>
  }

  /// Memory for the calls of all workers.
  func makeWorkspace() -> Workspace {
    Workspace(
      values: WorkerBuffers(count: Self.points * Self.tilesAtATime * channels),
      products: WorkerBuffers(count: Self.points * Self.tilesAtATime * parts))
  }

  /// Adds the pixels' contributions, on the calling thread alone.
  ///
  /// - Parameters:
  ///   - pixels: [rows, columns, I].
  ///   - sums: of the size `sumsSize`; the sum at (i, j) is that of pixels (i - a, j - b) times
  ///     taps (a, b).
  func add(
    _ pixels: UnsafePointer<Float>, rows: Int, columns: Int, to sums: UnsafeMutablePointer<Float>,
    in workspace: Workspace, of worker: Int
  ) throws(OneDNNError) {
    let width = sumsSize(rows: rows, columns: columns).columns
    let tileColumns = (columns + Self.tile - 1) / Self.tile
    let count = (rows + Self.tile - 1) / Self.tile * tileColumns
    let (values, products) = (workspace.values[worker], workspace.products[worker])
    for first in stride(from: 0, to: count, by: Self.tilesAtATime) {
      let tiles = first..<min(first + Self.tilesAtATime, count)
      evaluate(pixels, rows, columns, tiles, tileColumns, to: values)
      try kernel.withOperands(of: Float.self) { (kernel) throws(OneDNNError) in
        try Float.multiply(
          Self.points, values, kernel, size: (m: tiles.count, n: parts, k: channels),
          transposingLeft: false, transposingRight: false, to: products, adding: false)
      }
      for (number, tile) in tiles.enumerated() {
        let (row, column) = tile.quotientAndRemainder(dividingBy: tileColumns)
        piq_tile6_add_products(
          products + number * parts, tiles.count * parts, Int32(partRows), Int32(partColumns),
          sums + (row * width + column) * Self.tile, width)
      }
    }
  }

  /// Writes the tiles evaluated at the points: [36, tiles, I].
  private func evaluate(
    _ pixels: UnsafePointer<Float>, _ rows: Int, _ columns: Int, _ tiles: Range<Int>,
    _ tileColumns: Int, to values: UnsafeMutablePointer<Float>
  ) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: 16) { buffer in
      guard let places = buffer.baseAddress else { return }
      for (number, tile) in tiles.enumerated() {
        let (row, column) = tile.quotientAndRemainder(dividingBy: tileColumns)
        for i in 0..<16 {
          let (y, x) = (row * Self.tile + i / 4, column * Self.tile + i % 4)
          places[i] = y < rows && x < columns ? pixels + (y * columns + x) * channels : nil
        }
        piq_tile6_values(places, channels, values + number * channels, tiles.count * channels)
      }
    }
  }
}
