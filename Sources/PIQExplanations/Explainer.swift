public import PIQClassifiers
package import PIQTensor

/// All methods, in display order. To add one, add a file to `Methods` and a line here.
private let explainers: [any Explainer.Type] = [
  InterpreterExplainer.self, SaliencyExplainer.self, SmoothGradExplainer.self,
  IntegratedGradientsExplainer.self, GradCAMExplainer.self, AMTExplainer.self,
  OcclusionExplainer.self, RISEExplainer.self, LIMEExplainer.self,
  RandomExplainer.self, OnesExplainer.self,
]

/// A method that explains decisions of a classifier. Several threads may share one.
public protocol Explainer: Sendable {
  /// The name of the method in options, JSON and tables.
  static var name: String { get }

  /// The settings that it uses.
  static var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> { get }

  /// The method for a model.
  ///
  /// - Throws: `PIQError.noInterpreter` or `PIQError.unsupported` when the model lacks what the
  ///   method needs.
  init(_ interpreter: Interpreter, _ settings: ExplainerSettings) throws

  /// Explains the decision about a clip.
  ///
  /// - Parameters:
  ///   - classIndex: the class, from 0 to C - 1.
  ///   - tail: which frames are covered.
  ///   - number: tells clips apart for methods that draw random numbers, such as a hash of the clip.
  /// - Throws: `PIQError`, `OneDNNError`.
  func explain(
    _ analysis: Analysis, as classIndex: Int, tail: Tail, number: Int
  ) throws -> Explanation
}

extension Explainer {
  /// None.
  public static var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> { [] }
}

/// The settings that methods share.
public struct ExplainerSettings: Sendable, Codable, Hashable {
  /// The noisy copies that SmoothGrad averages, and the steps of integrated gradients.
  public var steps: Int
  /// The seed of all random numbers.
  public var seed: UInt64
  /// The fraction of the cells, from 0 to 1, that the threshold of AMT leaves out.
  public var quantile: Double
  /// The masked copies of RISE and LIME.
  public var samples: Int
  /// The patches of occlusion, the cells of RISE and the segments of LIME.
  public var patch: Patch
  /// What takes the place of what those take away.
  public var baseline: Baseline

  /// Settings; captum's defaults are 5 copies and 50 steps, SpeechBrain's quantile is 0.9.
  public init(
    steps: Int = 25, seed: UInt64 = 0, quantile: Double = 0.9, samples: Int = 500,
    patch: Patch = Patch(seconds: 0.4), baseline: Baseline = .silence
  ) {
    self.steps = steps
    self.seed = seed
    self.quantile = quantile
    self.samples = samples
    self.patch = patch
    self.baseline = baseline
  }
}

/// One of the methods, by its name.
public struct ExplanationMethod: Sendable, Hashable, CaseIterable, RawRepresentable, Codable {
  private let explainer: any Explainer.Type

  /// The model's own interpreter: the standard method.
  public static let interpreter = ExplanationMethod(InterpreterExplainer.self)

  /// The method for a model where none is asked for: its own interpreter, or the one that needs scores
  /// alone and draws nothing.
  public static func standard(for interpreter: Interpreter) -> ExplanationMethod {
    interpreter.decoder == nil ? ExplanationMethod(OcclusionExplainer.self) : .interpreter
  }

  public static var allCases: [ExplanationMethod] { explainers.map { ExplanationMethod($0) } }

  private init(_ explainer: any Explainer.Type) { self.explainer = explainer }

  /// The method of this name; nil if there is none.
  public init?(rawValue: String) {
    guard let explainer = explainers.first(where: { $0.name == rawValue }) else { return nil }
    self.explainer = explainer
  }

  /// Its name.
  public var rawValue: String { explainer.name }

  /// The settings that it uses.
  public var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> { explainer.settingsUsed }

  /// The method for a model; throws as `Explainer.init(_:_:)`.
  public func makeExplainer(
    for interpreter: Interpreter, _ settings: ExplainerSettings = ExplainerSettings()
  ) throws -> any Explainer {
    try explainer.init(interpreter, settings)
  }
}

/// A method that attributes a signed score to each time-frequency bin; the mask is the absolute
/// score divided by the largest.
package protocol AttributionExplainer: Explainer {
  var interpreter: Interpreter { get }

  /// The attributions [T, F], with their signs.
  func attributions(_ logPower: Tensor, as classIndex: Int, number: Int) throws -> Tensor

  /// The mask of attributions [T, F]; by default, absolute values divided by the largest.
  func mask(_ attributions: Tensor) -> Tensor
}

extension AttributionExplainer {
  public func explain(
    _ analysis: Analysis, as classIndex: Int, tail: Tail, number: Int
  ) throws -> Explanation {
    let all = try attributions(analysis.logPower, as: classIndex, number: number)
    let covered = all.rows(0..<interpreter.coveredFrames(of: all.shape[0], tail: tail))
    return Explanation(mask: mask(covered), attributions: covered)
  }

  package func mask(_ attributions: Tensor) -> Tensor {
    relative(Tensor(shape: attributions.shape, attributions.elements.map { abs($0) }))
  }

  /// Values divided by their maximum, where that is positive.
  func relative(_ values: Tensor) -> Tensor {
    let largest = values.elements.max() ?? 0
    return largest > 0 ? Tensor(shape: values.shape, values.elements.map { $0 / largest }) : values
  }
}

extension Interpreter {
  /// The classifier, if it is differentiable.
  ///
  /// - Throws: `PIQError.unsupported`.
  func differentiableClassifier(
    for method: any Explainer.Type
  ) throws(PIQError) -> any DifferentiableClassifier {
    guard let classifier = classifier as? any DifferentiableClassifier else {
      throw .unsupported("\(method.name) needs gradients, which the classifier does not give")
    }
    return classifier
  }
}
