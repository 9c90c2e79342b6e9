import PIQOneDNN
import PIQTensor
import Synchronization

/// Transposed convolutions, the last one to a single channel, of which only the active sites are
/// computed (see `SiteAxis`). What the others add is the same for every input of an extent: it is
/// made by the same products from one value for each pair of kinds, once.
///
/// The last two layers run together, so that the largest map never exists.
final class ActiveSitesPlan: Sendable {
  private struct Layer: Sendable {
    let name: String
    let products: SiteProducts
    let epilogue: Epilogue
  }

  /// What does not depend on the input.
  private struct Ground: Sendable {
    /// What the sites that are not active add to the others: [kinds of rows, kinds of columns, O] for
    /// each layer but the last.
    var sums: [Tensor] = []
    /// The output [H', W'] where nothing depends on the input, and its share elsewhere.
    var output: Tensor?
  }

  private let layers: [Layer]
  private let last: (name: String, plan: ConvolutionPlan)
  private let known = Mutex<(size: Extent, ground: Ground)?>(nil)

  /// A plan for these layers.
  ///
  /// - Returns: nil where all sites are active, or the last two layers are not of the kinds that run
  ///   together.
  init?(_ layers: [(name: String, plan: ConvolutionPlan)]) {
    guard layers.count > 1, let last = layers.last, last.plan.planner.geometry.outChannels == 1,
      last.plan.epilogue.isBias, layers.allSatisfy({ $0.plan.planner.geometry.isTransposed }),
      layers.dropLast().contains(where: { $0.plan.planner.leavesConstantSites }),
      layers.allSatisfy({ $0.plan.planner.operands == last.plan.planner.operands })
    else { return nil }
    self.last = last
    self.layers = layers.dropLast().enumerated().map { index, layer in
      let before = index > 0 ? layers[index - 1].plan.planner.geometry : nil
      let hasGaps = before.map { $0.kernel.height < $0.stride.height } ?? false
      return Layer(
        name: layer.name, products: SiteProducts(layer.plan, filtersRows: !hasGaps),
        epilogue: layer.plan.epilogue)
    }
  }

  /// Runs all layers on `x` [B, H, W, I]: [B, H', W', 1].
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    _ = try (layers.map(\.products.geometry) + [last.plan.planner.geometry]).reduce(x.shape) {
      try $1.check($0)
      return $1.output(of: $0)
    }
    let outputs = try (0..<x.shape[0]).map { clip in
      try run(x.rows(clip..<clip + 1).reshaped(Array(x.shape.dropFirst())))
    }
    return Tensor(stacking: outputs).reshaped([x.shape[0]] + outputs[0].shape + [1])
  }

  /// The output [H', W'] of one clip [H, W, I].
  private func run(_ x: Tensor) throws -> Tensor {
    let size = Extent(x.shape[0], x.shape[1])
    let known = known.withLock { $0?.size == size ? $0?.ground : nil }
    var ground = known ?? Ground()
    var (sites, active) = (Sites(size), x)
    // The values of the kinds of sites that are not active, and zeros.
    var constants = Tensor(shape: [1, 1, x.shape[2]])
    let lastKernel = lastKernel()
    for (index, layer) in layers.enumerated() {
      let isLast = index == layers.count - 1
      let next = sites.transposed(layer.products.geometry)
      let name = isLast ? "\(layer.name), \(last.name)" : layer.name
      active = try LayerClock.step(name, work(of: layer, from: sites, to: next, isLast: isLast)) {
        let kernel = layer.products.kernel()
        if known == nil {
          let sums = try layer.products(
            constants, kernel, rows: next.rows.kindTaps, columns: next.columns.kindTaps)
          ground.sums.append(sums)
          constants = next.withoutActive(layer.epilogue(sums))
        }
        return try layer.products(
          active, kernel, rows: next.rows.activeTaps, columns: next.columns.activeTaps,
          adding: .init(
            sums: ground.sums[index], rowKinds: next.rows.activeKinds,
            columnKinds: next.columns.activeKinds),
          epilogue: layer.epilogue, last: isLast ? lastKernel : nil)
      }
      sites = next
    }
    sites = sites.transposed(last.plan.planner.geometry)
    let output = try ground.output ?? constantOutput(constants, sites)
    if known == nil {
      ground.output = output
      self.known.withLock { [ground] in $0 = (size, ground) }
    }
    return addTaps(active, rows: sites.rows.taps, columns: sites.columns.taps, to: output)
  }

  /// The last layer's kernel, of operands.
  private func lastKernel() -> SiteProducts.Last {
    let kernel = last.plan.weights.folded
    return SiteProducts.Last(
      kernel: last.plan.planner.operands == .float32 ? kernel : BFloat16.rounded(kernel),
      taps: last.plan.planner.geometry.taps)
  }

  /// The output [H', W'] of sites that are not active, and the bias.
  private func constantOutput(_ constants: Tensor, _ sites: Sites) throws -> Tensor {
    let geometry = last.plan.planner.geometry
    let shape = constants.shape
    let products = try parallelProduct(
      constants.reshaped([shape[0] * shape[1], shape[2]]),
      last.plan.weights.folded.reshaped([geometry.inChannels, geometry.taps]))
    let (rows, columns) = (sites.rows, sites.columns)
    let bias = Tensor(
      shape: [rows.kindTaps.count, columns.kindTaps.count],
      repeating: last.plan.epilogue.bias?.scalar ?? 0)
    let kinds = addTaps(
      products.reshaped([shape[0], shape[1], geometry.taps]), rows: rows.kindTaps,
      columns: columns.kindTaps, to: bias)
    return kinds.withUnsafeBuffer { kinds in
      Tensor(shape: [rows.kinds.count, columns.kinds.count]) { output in
        for (row, kind) in rows.kinds.enumerated() {
          for (column, other) in columns.kinds.enumerated() {
            output[row * columns.kinds.count + column] =
              kinds[kind * columns.kindTaps.count + other]
          }
        }
      }
    }
  }

  /// The sums of products [H, W, kH kW] over the last layer's taps, and `sums` [rows, columns].
  private func addTaps(
    _ products: Tensor, rows: [[SiteAxis.Tap]], columns: [[SiteAxis.Tap]], to sums: Tensor
  ) -> Tensor {
    let (width, taps) = (products.shape[1], products.shape[2])
    let kernelWidth = last.plan.planner.geometry.kernel.width
    // Columns side by side, each with the place of a product.
    let places = columns.enumerated().flatMap { column, columnTaps in
      columnTaps.map { (column: column, place: $0.source * taps + $0.tap) }
    }
    return withElements(of: products, sums) { elements in
      Tensor(shape: sums.shape) { result in
        guard let result = result.baseAddress else { return }
        nonisolated(unsafe) let (elements, target) = (elements, result)
        inParallel(rows: rows.count) { range in
          for row in range {
            let line = target + row * columns.count
            line.update(repeating: 0, count: columns.count)
            for tap in rows[row] {
              let products = elements[0] + tap.source * width * taps + tap.tap * kernelWidth
              for (column, place) in places { line[column] += products[place] }
            }
            for column in columns.indices {
              line[column] += elements[1][row * columns.count + column]
            }
          }
        }
      }
    }
  }

  /// How a layer is computed, for a `LayerClock`.
  private func work(
    of layer: Layer, from before: Sites, to sites: Sites, isLast: Bool
  ) -> LayerClock.Work {
    let geometry = layer.products.geometry
    var definition = geometry.multiplications(of: before.shape(channels: geometry.inChannels))
    var performed = layer.products.multiplications(
      rows: sites.rows.activeTaps, columns: sites.columns.activeTaps)
    if isLast {
      let last = last.plan.planner.geometry
      definition += last.multiplications(of: sites.shape(channels: last.inChannels))
      performed += Double(sites.activeCount * last.taps * last.inChannels)
    }
    return .init(
      method: "active sites (\(layer.products.precision.kernel))", multiplications: definition,
      performed: performed)
  }
}

extension Sites {
  /// The shape of maps of these sites.
  fileprivate func shape(channels: Int) -> [Int] {
    [1, rows.kinds.count, columns.kinds.count, channels]
  }

  /// Values of the kinds of sites [kinds of rows, kinds of columns, C], zero for active ones.
  fileprivate func withoutActive(_ values: Tensor) -> Tensor {
    var values = values
    let channels = values.shape[2]
    values.withUnsafeMutableBuffer { values in
      for row in rows.kindTaps.indices where rows.kindIsActive[row] {
        for column in columns.kindTaps.indices where columns.kindIsActive[column] {
          let first = (row * columns.kindTaps.count + column) * channels
          values[first..<first + channels].update(repeating: 0)
        }
      }
    }
    return values
  }
}
