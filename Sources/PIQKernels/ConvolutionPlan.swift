package import PIQTensor

/// A convolution, or a transposed one, with its weights and epilogue, ready to run on maps of any
/// extent. Transformed weights are made where they are needed.
package final class ConvolutionPlan: Sendable {
  let planner: ConvolutionPlanner
  let weights: ConvolutionWeights
  let epilogue: Epilogue
  private let im2col: Im2ColPlan
  private let col2im: Col2ImPlan
  private let three = Lazy<StridedWinograd>(keptFrom: 2)
  private let five = Lazy<StridedWinograd>(keptFrom: 2)
  private var geometry: ConvolutionGeometry { planner.geometry }

  /// - Parameters:
  ///   - weights: [O, I, kH, kW]; [I, O, kH, kW] if transposed.
  ///   - epilogue: the operations after it, bias included; gradients exclude it.
  ///   - purpose: whether the weights are constant.
  ///   - precision: the precision of the operands of large products.
  package init(
    _ geometry: ConvolutionGeometry, weights: ConvolutionWeights, epilogue: Epilogue,
    for purpose: ConvolutionPlanner.Purpose, precision: Precision
  ) {
    planner = ConvolutionPlanner(geometry, purpose: purpose, precision: precision)
    self.weights = weights
    self.epilogue = epilogue
    im2col = Im2ColPlan(geometry: geometry, weights: weights, precision: planner.operands)
    col2im = Col2ImPlan(geometry: geometry, weights: weights, precision: planner.operands)
  }

  /// The convolution of `x` [B, H, W, I], with its epilogue: [B, H', W', O].
  ///
  /// - Parameter residual: [B, H', W', O], added before the epilogue; nothing is added if nil. For
  ///   a convolution that is not transposed.
  /// - Throws: `OneDNNError` when `x` does not fit.
  package func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) throws -> Tensor {
    guard let residual else { return try self(NormalizedMaps(x)) }
    precondition(!geometry.isTransposed, "only a convolution adds to what is there")
    try geometry.check(x)
    return try im2col.coarse(
      x, size: Extent(of: residual.shape), epilogue: epilogue, adding: residual)
  }

  /// The same for maps that are still to be normalised, which a convolution that is not transposed
  /// takes as they are.
  package func callAsFunction(_ x: NormalizedMaps) throws -> Tensor {
    try geometry.check(x.maps)
    let size = geometry.outputSize(Extent(of: x.maps.shape))
    return geometry.isTransposed
      ? try fine(x, size: size, epilogue) : try coarse(x.maps, size: size, epilogue)
  }

  /// The gradients of the input and of the weights, as far as they are needed, for a gradient of
  /// the convolution's output before the epilogue.
  ///
  /// - Parameters:
  ///   - gradient: [B, H', W', O].
  ///   - x: the convolution's input.
  /// - Returns: tensors of the shapes of input and weights.
  /// - Throws: `OneDNNError`.
  package func gradients(
    _ gradient: Tensor, at x: NormalizedMaps, needsInput: Bool = true, needsWeights: Bool
  ) throws -> (input: Tensor?, weights: Tensor?) {
    let (coarse, fine) = geometry.isTransposed ? (x, gradient) : (NormalizedMaps(gradient), x.maps)
    if geometry.isTransposed, needsInput, needsWeights, planner.weightGradient == .matrixProducts {
      let both = try im2col.gradients(coarse: coarse, fine: fine)
      return (both.coarse, both.weights)
    }
    var weights: Tensor?
    if needsWeights {
      weights =
        switch planner.weightGradient {
        case .matrixProducts: try im2col.weightGradient(coarse: coarse, fine: fine)
        case .winograd(let side): try winograd(side).weightGradient(coarse: coarse, fine: fine)
        }
    }
    guard needsInput else { return (nil, weights) }
    let size = Extent(of: x.maps.shape)
    let input =
      geometry.isTransposed
      ? try self.coarse(gradient, size: size) : try self.fine(coarse, size: size)
    return (input, weights)
  }

  private func fine(
    _ coarse: NormalizedMaps, size: Extent, _ epilogue: Epilogue = Epilogue()
  ) throws -> Tensor {
    switch planner.algorithm(.toFine, coarse: Extent(of: coarse.maps.shape)) {
    case .matrixProducts: try col2im.fine(coarse, size: size, epilogue: epilogue)
    case .winograd(let side): try winograd(side).fine(coarse, size: size, epilogue: epilogue)
    }
  }

  private func coarse(
    _ fine: Tensor, size: Extent, _ epilogue: Epilogue = Epilogue()
  ) throws -> Tensor {
    switch planner.algorithm(.toCoarse, coarse: size) {
    case .matrixProducts: try im2col.coarse(fine, size: size, epilogue: epilogue)
    case .winograd(let side): try winograd(side).coarse(fine, size: size, epilogue: epilogue)
    }
  }

  /// Minimal filtering with tiles of this side.
  func winograd(_ side: TileSide) -> StridedWinograd {
    (side == .five ? five : three) { newWinograd(side) }
  }

  /// The same without transformed weights.
  func newWinograd(_ side: TileSide) -> StridedWinograd {
    StridedWinograd(weights: weights, precision: planner.operands, side: side)
  }

  /// How an input of the shape [B, H, W, I] is convolved, for a `LayerClock`.
  package func work(on shape: [Int]) -> LayerClock.Work {
    let definition = geometry.multiplications(of: shape)
    let output = geometry.outputSize(Extent(of: shape))
    let coarse = geometry.isTransposed ? Extent(of: shape) : output
    switch planner.algorithm(geometry.isTransposed ? .toFine : .toCoarse, coarse: coarse) {
    case .matrixProducts:
      let name = geometry.isTransposed ? "col2im" : "im2col"
      return .init(
        method: "\(name) (\(planner.operands.kernel))", multiplications: definition,
        performed: definition)
    case .winograd(let side):
      let between = geometry.isTransposed ? 1 : 0
      return newWinograd(side).work(
        positions: Extent(coarse.height + between, coarse.width + between), batch: shape[0],
        definition: definition)
    }
  }
}
