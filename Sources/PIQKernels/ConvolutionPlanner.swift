/// Chooses the algorithms of a convolution and its gradients, only from its geometry, the extent of
/// its maps, the mode and the precision.
///
/// There are two general algorithms, products of windows (`Im2ColPlan`) and sums of products
/// (`Col2ImPlan`), and two that take fewer multiplications where the sizes allow them: Winograd's
/// minimal filtering for stride 2 (`StridedWinograd`), and that together with the layer after it
/// (`FusedRowsPlan`). Transposed convolutions that leave rows or columns out run together without them
/// (`ActiveSitesPlan`).
package struct ConvolutionPlanner: Hashable, Sendable {
  /// The purpose of a plan.
  package enum Purpose: Sendable {
    /// Constant weights: their transforms are cached, at a cost in memory and start-up time.
    case inference
    /// Weights that change after each step.
    case training
  }

  /// The direction of the mapping.
  package enum Direction {
    case toFine, toCoarse
  }

  package enum Algorithm: Hashable {
    /// Products of matrices with the kernel as it is.
    case matrixProducts
    /// Minimal filtering with tiles of this side.
    case winograd(TileSide)
  }

  let geometry: ConvolutionGeometry
  let purpose: Purpose
  private let precision: Precision

  package init(_ geometry: ConvolutionGeometry, purpose: Purpose, precision: Precision) {
    self.geometry = geometry
    self.purpose = purpose
    self.precision = precision
  }

  /// With fewer channels transforms cost more than the products save, and so does rounding.
  private static let minimumChannels = 64
  /// The least coarse map for cached transforms, which take four times the memory of the kernel.
  private static let minimumPixels = 2048
  /// The least one for the transforms of large tiles, nine times the memory.
  private static let minimumPixelsForFive = 16384

  /// The precision of operands: narrow layers stay in single precision.
  package var operands: Precision {
    geometry.windowSize >= Self.minimumChannels && geometry.coarseChannels >= Self.minimumChannels
      ? precision : .float32
  }

  /// The algorithm for one direction, with coarse maps of the extent `size`. It does not depend on
  /// earlier calls, so that a clip's results do not depend on other clips.
  package func algorithm(_ direction: Direction, coarse size: Extent) -> Algorithm {
    guard fitsWinograd else { return .matrixProducts }
    // In bf16 the products of small maps are slower than the transforms.
    let pays =
      purpose == .training || direction == .toFine && operands == .bfloat16
      || size.count >= Self.minimumPixels
    return pays ? .winograd(tileSide(direction, coarse: size)) : .matrixProducts
  }

  /// The algorithm for the gradient of the weights.
  package var weightGradient: Algorithm { fitsWinograd ? .winograd(.three) : .matrixProducts }

  /// The tiles of minimal filtering: larger ones save more multiplications but round more.
  func tileSide(_ direction: Direction, coarse size: Extent) -> TileSide {
    // bf16 has too few digits for large tiles.
    purpose == .inference && direction == .toFine && operands == .float32
      && size.count >= Self.minimumPixelsForFive ? .five : .three
  }

  /// Whether this layer and the next one can run together, some rows at a time, without the map
  /// between them.
  package func isFused(with next: ConvolutionPlanner) -> Bool {
    let last = next.geometry
    return purpose == .inference && geometry.isTransposed && geometry.kernel == Extent(4, 4)
      && fitsWinograd && last.isTransposed && last.outChannels == 1
      && last.inChannels == geometry.outChannels && last.stride == Extent(1, 1)
  }

  /// Whether rows or columns of the output do not depend on the input, because the stride is larger
  /// than the kernel; `ActiveSitesPlan` does not compute them.
  package var leavesConstantSites: Bool {
    purpose == .inference && geometry.isTransposed
      && (geometry.kernel.height < geometry.stride.height
        || geometry.kernel.width < geometry.stride.width)
  }

  /// Whether minimal filtering along rows saves time where it applies (`RowFilter`).
  var filtersRows: Bool {
    min(geometry.inChannels, geometry.outChannels) >= Self.minimumChannels
  }

  /// Whether minimal filtering applies: stride 2, a kernel of 4 or padded to 4, and many channels
  /// that fill vectors.
  private var fitsWinograd: Bool {
    (geometry.kernel == Extent(4, 4) || geometry.isTransposed && geometry.kernel == Extent(3, 3))
      && geometry.stride == Extent(2, 2) && geometry.padding == Extent(1, 1)
      && [geometry.inChannels, geometry.outChannels].allSatisfy {
        $0.isMultiple(of: 8) && $0 >= Self.minimumChannels
      }
  }
}
