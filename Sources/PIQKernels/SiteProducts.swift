import PIQOneDNN
import PIQTensor

/// A transposed convolution from some rows and columns of a map to some of another, by a product of
/// matrices for each tap, or by minimal filtering along rows. Sums do not depend on the number of cores.
struct SiteProducts: Sendable {
  let geometry: ConvolutionGeometry
  let precision: Precision
  /// [I, O, kH, kW].
  private let weights: ConvolutionWeights
  /// Minimal filtering; nil where it does not apply or save time.
  private let filter: RowFilter?
  private let packed = Lazy<Kernel>(keptFrom: 2)

  /// - Parameter filtersRows: whether rows of the input follow each other without gaps, so that
  ///   minimal filtering may apply.
  init(_ plan: ConvolutionPlan, filtersRows: Bool) {
    (geometry, weights) = (plan.planner.geometry, plan.weights)
    precision = plan.planner.operands
    filter =
      filtersRows && plan.planner.filtersRows
      ? RowFilter(kernel: geometry.kernel.height, stride: geometry.stride.height) : nil
  }

  /// What is multiplied, of operands.
  struct Kernel {
    /// The rows of the kernel [kH, kW, I, O].
    let taps: Tensor
    /// What minimal filtering makes of them [rows, kW, I, O].
    let combined: Tensor?
  }

  /// The kernel, which is kept from the second time on.
  func kernel() -> Kernel {
    packed {
      let taps = weights.taps
      let combined = combined(taps)
      return switch precision {
      case .float32: Kernel(taps: taps, combined: combined)
      case .bfloat16:
        Kernel(taps: BFloat16.rounded(taps), combined: combined.map(BFloat16.rounded))
      }
    }
  }

  /// Maps [R, C, O] with a site for each kind of rows and columns, added before the epilogue.
  struct Constants {
    let sums: Tensor
    let rowKinds, columnKinds: [Int]
  }

  /// A layer of one output channel.
  struct Last {
    /// [O, N], of operands.
    let kernel: Tensor
    /// N.
    let taps: Int
  }

  /// The sites of the output that have the given taps.
  ///
  /// - Parameters:
  ///   - x: [H, W, I].
  ///   - kernel: what `kernel()` gave.
  ///   - rows, columns: the taps of each row and column of the output, on those of `x`.
  ///   - last: a layer of one channel after this one: a site's products with its N taps are returned
  ///     instead of the site.
  /// - Returns: [rows, columns, O or N].
  func callAsFunction(
    _ x: Tensor, _ kernel: Kernel, rows: [[SiteAxis.Tap]], columns: [[SiteAxis.Tap]],
    adding constants: Constants? = nil, epilogue: Epilogue = Epilogue(), last: Last? = nil
  ) throws -> Tensor {
    switch precision {
    case .float32: try run(Float.self, x, kernel, rows, columns, constants, epilogue, last)
    case .bfloat16: try run(BFloat16.self, x, kernel, rows, columns, constants, epilogue, last)
    }
  }

  private func run<F: Operand>(
    _: F.Type, _ x: Tensor, _ kernel: Kernel, _ rows: [[SiteAxis.Tap]],
    _ columns: [[SiteAxis.Tap]], _ constants: Constants?, _ epilogue: Epilogue, _ last: Last?
  ) throws -> Tensor {
    let (inputs, outputs, taps) = (geometry.inChannels, geometry.outChannels, last?.taps ?? 0)
    let blocks = SiteBlock.blocks(rows: rows, columns: columns, filter: filter)
    let most = blocks.reduce(0) { max($0, $1.height * $1.count) }
    let operands = WorkerBuffers<F>(count: most * max(inputs, outputs))
    let pixels = WorkerBuffers<Float>(count: inputs)
    let (sums, product) = (
      WorkerBuffers<Float>(count: most * outputs),
      WorkerBuffers<Float>(count: most * max(outputs, taps))
    )
    var output = Tensor(shape: [rows.count, columns.count, taps > 0 ? taps : outputs]) { _ in }
    nonisolated(unsafe) let target = output.operands(of: Float.self)
    try epilogue.withOperation(channels: outputs) { operation in
      let operators = [kernel.taps, kernel.combined ?? kernel.taps, last?.kernel ?? kernel.taps]
      try withElements(of: [x, constants?.sums ?? x] + operators) { elements in
        nonisolated(unsafe) let elements = elements
        try parallelFor(blocks: blocks.count) { (number, worker) throws(OneDNNError) in
          let (block, operands, sums) = (blocks[number], operands[worker], sums[worker])
          block.begin(sums, with: constants, elements[1], channels: outputs)
          for part in block.products {
            let isOwn = part.kernelRow < geometry.kernel.height
            let row = part.kernelRow - (isOwn ? 0 : geometry.kernel.height)
            let matrices = F.operands(elements[isOwn ? 2 : 3])
            for (tap, column) in block.columnTaps.enumerated() {
              block.gather(
                part, tap: tap, of: elements[0], width: x.shape[1], channels: inputs,
                by: pixels[worker], to: operands)
              let place = (row * geometry.kernel.width + column) * inputs * outputs
              try part.multiply(
                operands, matrices + place,
                size: (m: block.count, n: outputs, k: inputs), to: sums, by: product[worker])
            }
          }
          let sites = block.height * block.count
          if !epilogue.isEmpty { operation(sums, count: sites, channels: outputs) }
          guard taps > 0 else {
            return block.scatter(sums, to: target, width: columns.count, channels: outputs)
          }
          F.copy(sums, count: sites * outputs, to: operands)
          try F.multiply(
            1, operands, F.operands(elements[4]), size: (m: sites, n: taps, k: outputs),
            transposingLeft: false, transposingRight: false, to: product[worker], adding: false)
          block.scatter(product[worker], to: target, width: columns.count, channels: taps)
        }
      }
    }
    return withExtendedLifetime((operands, pixels, sums, product)) { output }
  }

  /// The multiplications for such sites, without those of a last layer.
  func multiplications(rows: [[SiteAxis.Tap]], columns: [[SiteAxis.Tap]]) -> Double {
    let sites = SiteBlock.blocks(rows: rows, columns: columns, filter: filter).reduce(0) {
      $0 + $1.count * $1.products.count * $1.columnTaps.count
    }
    return Double(sites) * Double(geometry.inChannels * geometry.outChannels)
  }

  /// For each pair of the filter the sum and the difference of two rows of the kernel.
  private func combined(_ taps: Tensor) -> Tensor? {
    guard let pairs = filter?.pairs else { return nil }
    let row = geometry.kernel.width * geometry.inChannels * geometry.outChannels
    return withElements(of: taps) { elements in
      nonisolated(unsafe) let taps = elements[0]
      return Tensor(shape: [2 * pairs.count * row]) { combined in
        guard let combined = combined.baseAddress else { return }
        nonisolated(unsafe) let target = combined
        for (number, pair) in pairs.enumerated() {
          inParallel(rows: row) { range in
            let (a, b) = (taps + pair.earlier * row, taps + pair.later * row)
            let sum = target + 2 * number * row
            for i in range {
              sum[i] = a[i] + b[i]
              sum[row + i] = a[i] - b[i]
            }
          }
        }
      }
    }
  }
}

extension SiteBlock.Product {
  /// Adds the product of `left` [M, K] and `right` [K, N] to the rows of sums [rows, M, N] that it is
  /// a part of.
  ///
  /// - Parameter product: memory for [M, N].
  fileprivate func multiply<F: Operand>(
    _ left: UnsafePointer<F>, _ right: UnsafePointer<F>, size: (m: Int, n: Int, k: Int),
    to sums: UnsafeMutablePointer<Float>, by product: UnsafeMutablePointer<Float>
  ) throws(OneDNNError) {
    let count = size.m * size.n
    let isDirect = targets.count == 1 && targets[0].sign == 1
    try F.multiply(
      1, left, right, size: size, transposingLeft: false, transposingRight: false,
      to: isDirect ? sums + targets[0].row * count : product, adding: isDirect)
    guard !isDirect else { return }
    for (row, sign) in targets {
      let target = sums + row * count
      for i in 0..<count { target[i] += sign * product[i] }
    }
  }
}

extension Operand {
  /// The memory of a buffer of `buffer(_:)`.
  fileprivate static func operands(_ memory: UnsafePointer<Float>) -> UnsafePointer<Self> {
    UnsafeRawPointer(memory).assumingMemoryBound(to: Self.self)
  }
}
