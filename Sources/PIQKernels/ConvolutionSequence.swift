package import PIQTensor

/// Convolutions one after the other, for inference. Some are fused to save the map between them, or
/// the sites that do not depend on the input.
package final class ConvolutionSequence: Sendable {
  private enum Step {
    case one(ConvolutionPlan)
    case two(FusedRowsPlan)
    case all(ActiveSitesPlan)
  }

  private let steps: [(name: String, step: Step)]

  /// - Parameter layers: plans under the names that a `LayerClock` gives them.
  package init(_ layers: [(name: String, plan: ConvolutionPlan)]) {
    if let plan = ActiveSitesPlan(layers) {
      steps = [("", .all(plan))]
      return
    }
    var steps: [(name: String, step: Step)] = []
    var rest = layers[...]
    while let layer = rest.popFirst() {
      if let next = rest.first, layer.plan.planner.isFused(with: next.plan.planner),
        next.plan.epilogue.isBias
      {
        rest.removeFirst()
        steps.append(
          ("\(layer.name), \(next.name)", .two(FusedRowsPlan(layer.plan, then: next.plan))))
      } else {
        steps.append((layer.name, .one(layer.plan)))
      }
    }
    self.steps = steps
  }

  /// Runs all of them on `x` [B, H, W, I].
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  package func callAsFunction(_ x: Tensor) throws -> Tensor {
    try steps.reduce(x) { x, layer in
      switch layer.step {
      case .one(let plan): try plan(x, named: layer.name)
      case .two(let plan): try LayerClock.step(layer.name, plan.work(on: x.shape)) { try plan(x) }
      case .all(let plan): try plan(x)
      }
    }
  }
}
