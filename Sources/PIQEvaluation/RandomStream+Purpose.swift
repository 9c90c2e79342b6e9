import PIQNeuralNetwork

extension RandomStream {
  /// What is drawn for an evaluation.
  enum Purpose: Int {
    case contaminants = 1
    case noise
    case resampling = 5
  }

  /// - Parameter index: tells clips apart.
  init(seed: UInt64, _ purpose: Purpose, index: Int = 0) {
    self.init(seed: seed, path: [purpose.rawValue, index])
  }
}
