import Glibc
import PIQNeuralNetwork
public import PIQTensor

/// How a classifier's logits become probabilities.
public enum OutputActivation: String, Sendable, Codable, CaseIterable {
  /// The classes exclude each other.
  case softmax
  /// Each class is a decision of its own.
  case sigmoid
  /// The outputs are probabilities already.
  case none
}

/// The decision of a classifier about a clip.
public struct Classification: Sendable {
  /// The outputs, one a class: for cosine heads, cosine times logit scale.
  public let logits: [Float]
  /// The probabilities of the classes.
  public let probabilities: [Float]
  /// The classes from the likeliest to the least; the first of equals comes first.
  public let ranking: [Int]
  /// How logits become probabilities.
  public let activation: OutputActivation
  /// How likely it is that the sound is of any of the classes, from 0 to 1; nil where nothing was
  /// calibrated for it.
  public var known: Float?
  /// How similar the sound is to the known classes, from -1 to 1, which `known` is a function of.
  package var similarity: Float?

  /// Whether the logits are probabilities themselves.
  package var givesProbabilitiesAlone: Bool {
    activation == .none && logits.allSatisfy { (0...1).contains($0) }
  }

  /// The class with the largest logit; the first one if several have it.
  public var classIndex: Int { ranking[0] }

  /// The decision behind these logits, one a class, at least one.
  public init(logits: [Float], activation: OutputActivation = .softmax) {
    self.logits = logits
    self.activation = activation
    probabilities =
      switch activation {
      case .softmax: softmax(logits).map { Float($0) }
      case .sigmoid: logits.map { 1 / (1 + exp(-$0)) }
      case .none: logits
      }
    ranking = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
  }

  /// The probabilities of the classes in double precision, with all logits times `factor` first.
  /// Outputs that are probabilities already stay as they are.
  public func probabilities(scaledBy factor: Double) -> [Double] {
    switch activation {
    case .softmax: softmax(logits, scaledBy: factor)
    case .sigmoid: logits.map { 1 / (1 + exp(-factor * Double($0))) }
    case .none: logits.map { Double($0) }
    }
  }
}

/// A classified clip, with the intermediate results that explanations need.
public struct Analysis: Sendable {
  /// The clip that was classified.
  public let clip: Clip
  /// The decision.
  public let classification: Classification
  /// The output of the classifier's encoder; nil for a classifier that gives only scores.
  package let encoded: EncodedClip?
  /// What a classifier found in each of the clip's windows; nil of one that hears the clip whole.
  package let windows: [WindowFindings]?

  /// What the classifier's head takes of the clip [D]; nil for a classifier that gives only scores.
  public let embedding: Tensor?

  /// The log-power spectrogram of the clip [T, F]: T frames, F bins.
  public var logPower: Tensor { clip.logPower }

  /// The analysis of a classifier without an encoder.
  ///
  /// - Parameter embedding: what its head takes of the clip [D]; nil where it gives only scores.
  public init(_ clip: Clip, _ classification: Classification, embedding: Tensor? = nil) {
    self.init(clip, classification, embedding: embedding, windows: nil)
  }

  /// The analysis of a classifier that hears windows.
  package init(
    _ clip: Clip, _ classification: Classification, embedding: Tensor? = nil,
    windows: [WindowFindings]?
  ) {
    self.clip = clip
    self.classification = classification
    self.embedding = embedding
    self.windows = windows
    encoded = nil
  }

  /// The analysis of a classifier with an encoder.
  package init(_ clip: Clip, _ classification: Classification, encoded: EncodedClip) {
    self.clip = clip
    self.classification = classification
    self.encoded = encoded
    windows = nil
    embedding = encoded.embedding.reshaped([encoded.embedding.count])
  }
}

/// What a network found in a window: probabilities or values of an embedding, of each class or place, and of
/// how many parts of the window they are the sum or the largest.
package struct WindowFindings: Sendable {
  let values: [Double]
  let parts: Int
}
