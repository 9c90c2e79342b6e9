import Dispatch
import OneDNN
import Synchronization
import Tensor

/// The transposed convolution with kernel 4, stride 2 and padding 1, forward and backward, with
/// less than half of the multiplications (Winograd's minimal filtering, as Lavin and Gray use it,
/// arXiv 1509.09308).
///
/// As in `DoublingPlan`, the pixels 2j - 1 and 2j of the output come from the pixels j - 1 and j of
/// the input, so that along both axes one convolution with kernel 2 makes all: at position (j, k) of
/// (H + 1) x (W + 1) it has 4 O channels, for odd and even rows times odd and even columns. Tiles of
/// 3 by 3 such positions take 16 products in place of 36. With the taps g and the input d, along one
/// axis:
///
///     y[0] = m0 + m1 + m2    m0 = g[0] (d[0] - d[2])           m1 = (g[0] + g[1]) (d[1] + d[2]) / 2
///     y[1] = m1 - m2         m2 = (g[0] - g[1]) (d[2] - d[1]) / 2
///     y[2] = m1 + m2 + m3    m3 = g[1] (d[3] - d[1])
///
/// Each of the 16 products is one of matrices, tiles by channels.
final class DoublingProducts: Sendable {
  /// Tiles at a time: their transforms stay in the caches.
  private static let tilesAtATime = 96
  private static let points = 16

  private let inChannels, outChannels: Int
  /// The kernel's transform [16, I, 4 O].
  private let kernel: Tensor

  /// With few channels the transforms cost more than the products save.
  private static let fewestChannels = 64

  /// Whether this is the better way: channels fill vectors, and there are many.
  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    DoublingPlan.fits(geometry)
      && [geometry.inChannels, geometry.outChannels].allSatisfy {
        $0.isMultiple(of: 8) && $0 >= fewestChannels
      }
  }

  /// The taps of the kernel that meet pixels j - 1 and j, for odd and for even pixels.
  private static let taps = [[2, 0], [3, 1]]
  /// What becomes of the two taps, point by point.
  private static let kernelTransform: [[Float]] = [[1, 0], [1, 1], [1, -1], [0, 1]]

  /// - Parameter weights: [I, O, 4, 4].
  init(_ geometry: ConvolutionGeometry, weights: Tensor) {
    let (i, o) = (geometry.inChannels, geometry.outChannels)
    (inChannels, outChannels) = (i, o)
    // Sums begin at zero.
    var sums = Tensor(shape: [Self.points, i, 4 * o])
    weights.withUnsafeBuffer { weights in
      sums.withUnsafeMutableBuffer { kernel in
        let (weights, kernel) = (weights.baseAddress!, kernel.baseAddress!)
        Self.forEachTap { phase, point, tap, factor in
          let destination = kernel + point * i * 4 * o + phase * o
          for input in 0..<i {
            for output in 0..<o {
              destination[input * 4 * o + output] +=
                factor * weights[(input * o + output) * 16 + tap]
            }
          }
        }
      }
    }
    kernel = sums
  }

  /// Calls `body` for each phase, point of the transform and tap of the 4 by 4 kernel that have to
  /// do with each other.
  private static func forEachTap(
    _ body: (_ phase: Int, _ point: Int, _ tap: Int, _ factor: Float) -> Void
  ) {
    for phase in 0..<4 {
      for point in 0..<points {
        for a in 0..<2 {
          for b in 0..<2 {
            let factor = kernelTransform[point / 4][a] * kernelTransform[point % 4][b]
            guard factor != 0 else { continue }
            body(phase, point, taps[phase / 2][a] * 4 + taps[phase % 2][b], factor)
          }
        }
      }
    }
  }

  // MARK: Forward

  /// The layer's output for one clip, with its bias, after ReLU if wanted.
  ///
  /// - Parameters:
  ///   - x: [1, H, W, I].
  ///   - output: [B, 2 H, 2 W, O], of which the part of `clip` is written.
  func run(_ x: Tensor, bias: Tensor, relu: Bool, into output: inout Tensor, clip: Int) throws {
    let (h, w, o) = (x.shape[1], x.shape[2], outChannels)
    let grid = TileGrid(height: h + 1, width: w + 1)
    try x.withUnsafeBuffer { x in
      try bias.withUnsafeBuffer { bias in
        try output.withUnsafeMutableBuffer { output in
          let source = PixelMap(x.baseAddress!, height: h, width: w, channels: inChannels)
          let target = MutablePixelMap(
            output.baseAddress! + clip * 4 * h * w * o, height: 2 * h, width: 2 * w, channels: o)
          let biases = UnsafePointer(bias.baseAddress!)
          try forEachBlock(of: grid, left: inChannels, right: 4 * o) { tiles, left, right, _ in
            source.transform(
              tiles, of: grid, from: -1, step: 1, phases: 1, isFlipped: false, to: left)
            try multiply(left, count: tiles.count, to: right)
            target.restore(
              right, tiles, of: grid, step: 2, phases: 2, bias: biases, relu: relu)
          }
        }
      }
    }
  }

  /// One product for each point: tiles by input channels times the kernel, or the other way.
  private func multiply(
    _ left: UnsafeMutablePointer<Float>, count: Int, backwards: Bool = false,
    to right: UnsafeMutablePointer<Float>
  ) throws(OneDNNError) {
    let (i, o4) = (inChannels, 4 * outChannels)
    let (k, n) = backwards ? (o4, i) : (i, o4)
    try kernel.withUnsafeBuffer { (kernel) throws(OneDNNError) in
      for point in 0..<Self.points {
        // The kernel of the way back is the other way round, which swaps the outer points.
        let other = backwards ? Self.flipped(point) : point
        try addProduct(
          MatrixView(left + point * count * k, rowStride: k),
          MatrixView(kernel.baseAddress! + other * i * o4, rowStride: o4),
          size: (m: count, n: n, k: k), transposingRight: backwards,
          to: right + point * count * n, sumStride: n, overwriting: true)
      }
    }
  }

  private static func flipped(_ point: Int) -> Int {
    let order = [3, 1, 2, 0]
    return order[point / 4] * 4 + order[point % 4]
  }

  // MARK: Backward

  /// The gradient of one clip's input [1, H, W, I].
  ///
  /// - Parameter gradient: that of the output [B, 2 H, 2 W, O].
  func inputGradient(_ gradient: Tensor, clip: Int) throws -> Tensor {
    let (h, w, o) = (gradient.shape[1] / 2, gradient.shape[2] / 2, outChannels)
    let grid = TileGrid(height: h, width: w)
    return try gradient.withUnsafeBuffer { gradient in
      try Tensor(shape: [1, h, w, inChannels]) { result in
        let source = PixelMap(
          gradient.baseAddress! + clip * 4 * h * w * o, height: 2 * h, width: 2 * w, channels: o)
        let target = MutablePixelMap(
          result.baseAddress!, height: h, width: w, channels: inChannels)
        try forEachBlock(of: grid, left: 4 * o, right: inChannels) { tiles, left, right, _ in
          source.transform(tiles, of: grid, from: -1, step: 2, phases: 2, isFlipped: true, to: left)
          try multiply(left, count: tiles.count, backwards: true, to: right)
          target.restore(right, tiles, of: grid, step: 1, phases: 1, bias: nil, relu: false)
        }
      }
    }
  }

  /// Sums over clips of what becomes the weights' gradient.
  struct WeightSums {
    /// For each worker [16, I, 4 O].
    fileprivate var sums: [Tensor] = []

    init() {}
  }

  /// Adds what one clip contributes to the weights' gradient.
  ///
  /// - Parameters:
  ///   - x: [1, H, W, I].
  ///   - gradient: that of the output [B, 2 H, 2 W, O].
  func addWeightGradient(
    _ x: Tensor, gradient: Tensor, clip: Int, to sums: inout WeightSums
  ) throws {
    let (h, w, i, o) = (x.shape[1], x.shape[2], inChannels, outChannels)
    let grid = TileGrid(height: h + 1, width: w + 1)
    let workers = Self.workers
    while sums.sums.count < workers {
      sums.sums.append(Tensor(shape: [Self.points, i, 4 * o]))
    }
    let totals = sums.sums.indices.map { index in
      sums.sums[index].withUnsafeMutableBuffer { SharedPointer($0.baseAddress!) }
    }
    try x.withUnsafeBuffer { x in
      try gradient.withUnsafeBuffer { gradient in
        let source = PixelMap(x.baseAddress!, height: h, width: w, channels: i)
        let other = PixelMap(
          gradient.baseAddress! + clip * 4 * h * w * o, height: 2 * h, width: 2 * w, channels: o)
        try forEachBlock(of: grid, left: i, right: 4 * o) { tiles, left, right, worker in
          source.transform(
            tiles, of: grid, from: -1, step: 1, phases: 1, isFlipped: false, to: left)
          other.spread(tiles, of: grid, to: right)
          for point in 0..<Self.points {
            try addProduct(
              MatrixView(left + point * tiles.count * i, rowStride: i),
              MatrixView(right + point * tiles.count * 4 * o, rowStride: 4 * o),
              size: (m: i, n: 4 * o, k: tiles.count), transposingLeft: true,
              to: totals[worker].base + point * i * 4 * o, sumStride: 4 * o)
          }
        }
      }
    }
  }

  /// The gradient [I, O, 4, 4] of the weights.
  func weightGradient(_ sums: WeightSums) -> Tensor {
    let (i, o) = (inChannels, outChannels)
    var value = Tensor(shape: [i, o, 4, 4])
    for sums in sums.sums {
      sums.withUnsafeBuffer { sums in
        value.withUnsafeMutableBuffer { value in
          Self.forEachTap { phase, point, tap, factor in
            let source = sums.baseAddress! + point * i * 4 * o + phase * o
            for input in 0..<i {
              for output in 0..<o {
                value[(input * o + output) * 16 + tap] +=
                  factor * source[input * 4 * o + output]
              }
            }
          }
        }
      }
    }
    return value
  }

  // MARK: Blocks of tiles

  private static var workers: Int { min(threadCount, 16) }

  private typealias Body = (
    _ tiles: Range<Int>, _ left: UnsafeMutablePointer<Float>,
    _ right: UnsafeMutablePointer<Float>, _ worker: Int
  ) throws -> Void

  /// Calls `body` with every block of tiles and two buffers [16, tiles, channels], on all cores.
  /// Each worker has its blocks, whatever its pace: what it sums up is the same in every run.
  private func forEachBlock(
    of grid: TileGrid, left: Int, right: Int, _ body: Body
  ) throws {
    let size = Self.tilesAtATime
    let blocks = (grid.count + size - 1) / size
    let workers = Self.workers
    let failure = Mutex<OneDNNError?>(nil)
    withoutActuallyEscaping(body) { body in
      // Workers write to places of their own.
      nonisolated(unsafe) let body = body
      DispatchQueue.concurrentPerform(iterations: workers) { worker in
        // From the pool of the tensors: fresh memory would cost more than what it is for.
        var (leftTensor, rightTensor) = (
          Tensor(shape: [Self.points * size * left]) { _ in },
          Tensor(shape: [Self.points * size * right]) { _ in }
        )
        let leftBuffer = leftTensor.withUnsafeMutableBuffer { $0.baseAddress! }
        let rightBuffer = rightTensor.withUnsafeMutableBuffer { $0.baseAddress! }
        defer { withExtendedLifetime((leftTensor, rightTensor)) {} }
        onThisThreadAlone {
          do {
            for block in stride(from: worker, to: blocks, by: workers) {
              try body(
                block * size..<min((block + 1) * size, grid.count), leftBuffer, rightBuffer, worker)
            }
          } catch let error as OneDNNError {
            failure.withLock { $0 = error }
          } catch {
            failure.withLock { $0 = OneDNNError(operation: "a product", reason: "\(error)") }
          }
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  private struct SharedPointer: @unchecked Sendable {
    // Sendable: each worker has one of its own.
    let base: UnsafeMutablePointer<Float>

    init(_ base: UnsafeMutablePointer<Float>) { self.base = base }
  }
}
