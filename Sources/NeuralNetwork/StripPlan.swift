import Tensor

/// A doubling layer and the single-channel layer after it, a strip of rows at a time, so that the
/// large map between them never exists: at 256 channels it takes 210 MB for a clip of 5 s.
final class StripPlan: ForwardPlan {
  /// Rows of positions at a time (see `DoublingProducts`), a multiple of a tile's side: few, so that
  /// a strip takes little memory, but enough tiles for all cores.
  private static let stripHeight = 8 * TileGrid.side

  private let doubling: DoublingProducts
  private let bias: Tensor
  private let fusion: Fusion
  private let last: SingleChannelProduct

  /// - Parameters:
  ///   - bias: of the doubling layer [O].
  ///   - fusion: what follows the doubling layer.
  init(
    _ doubling: DoublingProducts, bias: Tensor, fusing fusion: Fusion,
    then last: SingleChannelProduct
  ) {
    self.doubling = doubling
    self.bias = bias
    self.fusion = fusion
    self.last = last
  }

  func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "no layer of this network adds to a decoder's output")
    let (b, h, w) = (x.shape[0], x.shape[1], x.shape[2])
    var output = last.emptyOutput(batch: b, height: 2 * h, width: 2 * w)
    for clip in 0..<b {
      for first in stride(from: 0, to: h + 1, by: Self.stripHeight) {
        let strip = try doubling.fine(
          NormalizedMaps(x), clip: clip, rows: first..<min(first + Self.stripHeight, h + 1),
          bias: bias, fusing: fusion)
        try last.add(
          NormalizedMaps(strip), clip: 0, rows: 0..<strip.shape[1], to: &output, clip: clip,
          firstRow: max(0, 2 * first - 1))
      }
    }
    return output
  }
}
