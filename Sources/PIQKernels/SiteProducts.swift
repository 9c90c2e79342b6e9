import PIQOneDNN
import PIQTensor

/// A transposed convolution from some rows and columns of a map to some of another, by a product of
/// matrices for each tap. Sums do not depend on the number of cores.
struct SiteProducts: Sendable {
  let geometry: ConvolutionGeometry
  let precision: Precision
  /// [I, O, kH, kW].
  private let weights: ConvolutionWeights
  private let packed = Lazy<Tensor>(keptFrom: 2)

  init(_ plan: ConvolutionPlan) {
    (geometry, weights) = (plan.planner.geometry, plan.weights)
    precision = plan.planner.operands
  }

  /// The weights [kH, kW, I, O], of operands. A value is kept from the second one on.
  func kernel() -> Tensor {
    packed {
      switch precision {
      case .float32: tapKernel()
      case .bfloat16: BFloat16.rounded(tapKernel())
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
    _ x: Tensor, _ kernel: Tensor, rows: [[SiteAxis.Tap]], columns: [[SiteAxis.Tap]],
    adding constants: Constants? = nil, epilogue: Epilogue = Epilogue(), last: Last? = nil
  ) throws -> Tensor {
    switch precision {
    case .float32: try run(Float.self, x, kernel, rows, columns, constants, epilogue, last)
    case .bfloat16: try run(BFloat16.self, x, kernel, rows, columns, constants, epilogue, last)
    }
  }

  private func run<F: Operand>(
    _: F.Type, _ x: Tensor, _ kernel: Tensor, _ rows: [[SiteAxis.Tap]],
    _ columns: [[SiteAxis.Tap]], _ constants: Constants?, _ epilogue: Epilogue, _ last: Last?
  ) throws -> Tensor {
    let (inputs, outputs) = (geometry.inChannels, geometry.outChannels)
    let taps = last?.taps ?? 0
    let blocks = SiteBlock.blocks(rows: rows, columns: columns)
    let most = blocks.map(\.count).max() ?? 0
    let operands = WorkerBuffers<F>(count: most * max(inputs, outputs))
    let sums = WorkerBuffers<Float>(count: most * outputs)
    let products = WorkerBuffers<Float>(count: most * taps)
    var output = Tensor(shape: [rows.count, columns.count, last == nil ? outputs : taps]) { _ in }
    nonisolated(unsafe) let target = output.operands(of: Float.self)
    try epilogue.withOperation(channels: outputs) { operation in
      try withElements(of: x, constants?.sums ?? x, kernel, last?.kernel ?? kernel) { elements in
        nonisolated(unsafe) let elements = elements
        try parallelFor(blocks: blocks.count) { (number, worker) throws(OneDNNError) in
          let (block, operands, sums) = (blocks[number], operands[worker], sums[worker])
          block.begin(sums, with: constants, elements[1], channels: outputs)
          for (row, a) in block.rowTaps.enumerated() {
            for (column, b) in block.columnTaps.enumerated() {
              block.gather(
                (row, column), of: elements[0], width: x.shape[1], channels: inputs, to: operands)
              let matrix =
                F.operands(elements[2]) + (a * geometry.kernel.width + b) * inputs * outputs
              try F.multiply(
                1, operands, matrix, size: (m: block.count, n: outputs, k: inputs),
                transposingLeft: false, transposingRight: false, to: sums, adding: true)
            }
          }
          if !epilogue.isEmpty { operation(sums, count: block.count, channels: outputs) }
          guard taps > 0 else {
            return block.scatter(sums, to: target, width: columns.count, channels: outputs)
          }
          F.copy(sums, count: block.count * outputs, to: operands)
          try F.multiply(
            1, operands, F.operands(elements[3]), size: (m: block.count, n: taps, k: outputs),
            transposingLeft: false, transposingRight: false, to: products[worker], adding: false)
          block.scatter(products[worker], to: target, width: columns.count, channels: taps)
        }
      }
    }
    return withExtendedLifetime((operands, sums, products)) { output }
  }

  /// [I, O, kH, kW] to [kH, kW, I, O].
  private func tapKernel() -> Tensor {
    let (inputs, outputs, taps) = (geometry.inChannels, geometry.outChannels, geometry.taps)
    return weights.folded.withUnsafeBuffer { weights in
      Tensor(shape: [geometry.kernel.height, geometry.kernel.width, inputs, outputs]) { kernel in
        guard let weights = weights.baseAddress, let kernel = kernel.baseAddress else { return }
        nonisolated(unsafe) let (source, target) = (weights, kernel)
        inParallel(rows: inputs) { range in
          for i in range {
            for tap in 0..<taps {
              let source = source + i * outputs * taps + tap
              let target = target + (tap * inputs + i) * outputs
              for o in 0..<outputs { target[o] = source[o * taps] }
            }
          }
        }
      }
    }
  }
}

extension Operand {
  /// The memory of a buffer of `buffer(_:)`.
  fileprivate static func operands(_ memory: UnsafePointer<Float>) -> UnsafePointer<Self> {
    UnsafeRawPointer(memory).assumingMemoryBound(to: Self.self)
  }
}
