package import PIQAudio

/// The exponential moving average of weights over the steps of a training (Polyak and Juditsky, 1992):
/// its models are better than those of any single step, above all where there are few clips.
///
/// In the first steps the average forgets faster, so that it does not remember the initial weights.
package final class WeightAverage {
  private let state: [(name: String, parameter: Parameter)]
  private let decay: Float
  private var values: [Tensor]
  private var steps = 0

  /// The average of these weights and statistics.
  ///
  /// - Parameter decay: the part of the average that a step keeps, from 0 to below 1.
  package init(of state: [(name: String, parameter: Parameter)], decay: Double) {
    self.state = state
    self.decay = Float(decay)
    values = state.map(\.parameter.value)
  }

  /// Takes the weights after a step.
  package func update() {
    let kept = min(decay, Float(1 + steps) / Float(10 + steps))
    steps += 1
    for (i, entry) in state.enumerated() {
      let current = entry.parameter.value
      current.withUnsafeBuffer { current in
        values[i].withUnsafeMutableBuffer { average in
          for j in average.indices { average[j] += (1 - kept) * (current[j] - average[j]) }
        }
      }
    }
  }

  /// Calls `body` while the networks have the averages as their weights.
  package func applied<Result>(_ body: () throws -> Result) rethrows -> Result {
    let current = state.map(\.parameter.value)
    for (entry, value) in zip(state, values) { entry.parameter.value = value }
    defer { for (entry, value) in zip(state, current) { entry.parameter.value = value } }
    return try body()
  }

  /// The averages under the names of their weights.
  var tensors: [(name: String, tensor: Tensor)] {
    zip(state, values).map { ($0.name, $1) }
  }

  /// Goes on with earlier averages.
  ///
  /// - Parameter tensor: gives the average of a name and a shape.
  func restore(
    steps: Int, _ tensor: (_ name: String, _ shape: [Int]) throws -> Tensor
  ) rethrows {
    values = try state.map { try tensor($0.name, $0.parameter.value.shape) }
    self.steps = steps
  }
}
