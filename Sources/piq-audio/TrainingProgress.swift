import Foundation
import PIQAudio
import PIQTraining

/// The progress output of a training.
struct TrainingProgress {
  let epochs: Int
  /// The steps that were done before this run.
  let done: Int
  private let start = Date()

  /// The line while it runs; nil for a finished epoch.
  func line(_ event: TrainingEvent) -> String? {
    switch event {
    case .step(let epoch, let step, let count, let loss, let rate):
      let total = epochs * count
      let now = (epoch - 1) * count + step
      let left = Date().timeIntervalSince(start) / Double(max(1, now - done)) * Double(total - now)
      return String(
        format: "epoch %d/%d, step %d/%d, loss %.4f, rate %.2g, %@ left", epoch, epochs, step,
        count, loss, rate, clockText(min(max(left, 0), 1e9)))
    case .validation(let epoch, let finished, let total):
      return "epoch \(epoch)/\(epochs), validating [\(finished + 1)/\(total)]"
    case .epoch: return nil
    }
  }

  /// The permanent line of an epoch.
  func line(_ record: TrainingRecord) -> String {
    let head = String(
      format: "epoch %d/%d  loss %.4f  rate %.2g  %@", record.epoch, epochs, record.loss,
      record.learningRate, clockText(record.seconds))
    let valid = record.valid.map { "  " + figures($0.figures) } ?? ""
    return head + valid + (record.isBest ? "  best" : "")
  }

  /// The figures of a validation or a test.
  func figures(_ figures: [String: Double]) -> String {
    figures.sorted { $0.key < $1.key }
      .map { "\($0.key) \(String(format: "%.4g", $0.value))" }.joined(separator: "  ")
  }
}
