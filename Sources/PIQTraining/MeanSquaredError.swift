import PIQAudio

/// The mean squared difference between a network's output and its target, with its gradient
/// (`torch.nn.functional.mse_loss`).
struct MeanSquaredError {
  /// The mean over all values.
  let value: Double
  /// The gradient for the output, in its shape.
  let gradient: Tensor

  /// - Precondition: the shapes are equal.
  init(_ output: Tensor, _ target: Tensor) {
    precondition(output.shape == target.shape, "\(output.shape) and \(target.shape)")
    let count = Float(max(1, output.count))
    var sum = 0.0
    gradient = output.withUnsafeBuffer { output in
      target.withUnsafeBuffer { target in
        Tensor(shape: [output.count]) { gradient in
          for i in gradient.indices {
            let difference = output[i] - target[i]
            sum += Double(difference) * Double(difference)
            gradient[i] = 2 * difference / count
          }
        }
      }
    }.reshaped(output.shape)
    value = sum / Double(count)
  }
}
