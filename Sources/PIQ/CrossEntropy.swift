import Glibc
public import PIQTensor

/// The mean cross-entropy between a classifier's softmax and target probabilities
/// (`torch.nn.functional.cross_entropy`), with its gradient.
public struct CrossEntropy {
  /// The mean over the clips, in nats.
  public let value: Float
  /// The gradient for the logits [B, C].
  public let gradient: Tensor
  /// The probabilities [B, C].
  public let probabilities: Tensor

  /// Compares the softmax of logits with targets.
  ///
  /// - Parameters:
  ///   - logits: [B, C]: B clips, C classes.
  ///   - targets: the probabilities that the classes should have [B, C].
  /// - Precondition: the shapes are equal.
  public init(logits: Tensor, targets: Tensor) {
    precondition(logits.shape == targets.shape, "\(logits.shape) and \(targets.shape)")
    let (rows, columns) = (logits.shape[0], logits.shape[1])
    let (x, y) = (logits.elements, targets.elements)
    var total = 0.0
    var probabilities = x
    var gradient = x
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      let highest = Double(x[range].max() ?? 0)
      let logSum = highest + log(x[range].reduce(0) { $0 + exp(Double($1) - highest) })
      for i in range {
        let logProbability = Double(x[i]) - logSum
        total -= Double(y[i]) * logProbability
        probabilities[i] = Float(exp(logProbability))
        // The targets of a clip add up to 1.
        gradient[i] = Float((exp(logProbability) - Double(y[i])) / Double(rows))
      }
    }
    value = Float(total / Double(max(1, rows)))
    self.gradient = Tensor(shape: logits.shape, gradient)
    self.probabilities = Tensor(shape: logits.shape, probabilities)
  }

  /// Compares the softmax of logits [B, C] with one class a clip.
  public init(logits: Tensor, labels: [Int]) {
    var targets = Tensor(shape: logits.shape)
    targets.withUnsafeMutableBuffer { targets in
      for (row, label) in labels.enumerated() { targets[row * logits.shape[1] + label] = 1 }
    }
    self.init(logits: logits, targets: targets)
  }

  /// The mean of -log(1 - p), where p is the probability of one class a clip: the cross-entropy of
  /// any other class.
  ///
  /// - Parameters:
  ///   - logits: [B, C]; at least two classes.
  ///   - labels: the class that each clip should not be.
  public init(logits: Tensor, excluding labels: [Int]) {
    let (rows, columns) = (logits.shape[0], logits.shape[1])
    let x = logits.elements
    var total = 0.0
    var probabilities = x
    var gradient = x
    for (row, label) in labels.enumerated() {
      let range = row * columns..<(row + 1) * columns
      let excluded = row * columns + label
      let highest = Double(x[range].max() ?? 0)
      // Summed over the other classes: where p is almost 1, 1 - p would cancel.
      let highestOther = range.reduce(-.infinity) { $1 == excluded ? $0 : max($0, Double(x[$1])) }
      let others = range.reduce(0.0) {
        $1 == excluded ? $0 : $0 + exp(Double(x[$1]) - highestOther)
      }
      let logOthers = highestOther + log(others)
      let logSum = highest + log(range.reduce(0.0) { $0 + exp(Double(x[$1]) - highest) })
      total += logSum - logOthers
      for i in range {
        let probability = exp(Double(x[i]) - logSum)
        let share = i == excluded ? 0 : exp(Double(x[i]) - logOthers)
        probabilities[i] = Float(probability)
        gradient[i] = Float((probability - share) / Double(rows))
      }
    }
    value = Float(total / Double(max(1, rows)))
    self.gradient = Tensor(shape: logits.shape, gradient)
    self.probabilities = Tensor(shape: logits.shape, probabilities)
  }
}
