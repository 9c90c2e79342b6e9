public import PIQTensor

/// A classifier of clips. Sufficient for perturbation methods.
///
/// Several threads may share one.
public protocol Classifier: Sendable {
  /// C, the number of classes.
  var classCount: Int { get }

  /// The decision about a clip, whole or masked.
  ///
  /// - Throws: `PIQError.mismatch` for a spectrogram of another front end; `PIQError.notFinite`;
  ///   `OneDNNError`.
  func analyze(_ clip: Clip) throws -> Analysis

  /// The decisions about several clips, such as masked copies of one; by default, one by one.
  ///
  /// - Throws: as `analyze`.
  func classify(_ clips: [Clip]) throws -> [Classification]

  /// The approximate memory that a clip of T frames and F bins takes, in bytes.
  func memory(frames: Int, bins: Int) -> Double
}

extension Classifier {
  /// The decisions about several clips, one by one.
  ///
  /// - Throws: as `analyze`.
  public func classify(_ clips: [Clip]) throws -> [Classification] {
    try clips.map { try analyze($0).classification }
  }
}

/// A classifier that hears parts of a clip by themselves, so that a change of one leaves the others.
package protocol LocalClassifier: Classifier {
  /// Whether it hears windows of samples.
  var hearsParts: Bool { get }

  /// The decision about a sound that differs from another in part, the same as that about the whole of it;
  /// nil where the classifier needs the whole.
  ///
  /// - Parameters:
  ///   - samples: all of the sound.
  ///   - changed: where it may differ.
  ///   - base: the analysis of the other sound.
  /// - Throws: as `analyze`.
  func classify(_ samples: [Float], changed: Range<Int>, since base: Analysis) throws
    -> Classification?
}

/// A classifier that also gives gradients, for gradient-based methods.
public protocol DifferentiableClassifier: Classifier {
  /// The gradient of a class's logit for a spectrogram.
  ///
  /// - Parameters:
  ///   - classIndex: from 0 to C - 1.
  ///   - logPower: [T, F]: T frames, F bins.
  /// - Returns: [T, F].
  /// - Throws: `PIQError.mismatch` for an unknown class or another shape; `OneDNNError`.
  func gradient(of classIndex: Int, at logPower: Tensor) throws -> Tensor
}

/// A classifier that also gives a feature map and its gradient, for Grad-CAM.
public protocol ActivationClassifier: Classifier {
  /// The map of the last layer that still has time and frequency.
  ///
  /// Parameters and errors are those of `DifferentiableClassifier.gradient(of:at:)`.
  func activation(of classIndex: Int, at logPower: Tensor) throws -> Activation
}

/// A feature map of a classifier, with the gradient of a class's logit for it.
public struct Activation: Sendable {
  /// [H, W, D]: H rows (time), W columns (frequency), D channels.
  public let maps: Tensor
  /// [H, W, D].
  public let gradient: Tensor

  /// A map and its gradient, of one shape [H, W, D].
  public init(maps: Tensor, gradient: Tensor) {
    self.maps = maps
    self.gradient = gradient
  }
}
