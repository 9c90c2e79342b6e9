public import PIQPlatform

/// A request that the system cannot carry out.
public enum PIQError: Error, CustomStringConvertible, Equatable {
  /// Settings that no network can be built from.
  case configuration(String)
  /// A tensor or a list of labels that does not fit the network.
  case mismatch(String)
  /// A clip too short for the requested interpretation.
  case tooShort(frames: Int, least: Int)
  /// A clip too long to process at once.
  case tooLong(frames: Int, bytes: Double, most: Double)
  /// A clip whose numbers overflow inside the network.
  case notFinite
  /// An explanation by a model that only classifies.
  case noInterpreter
  /// A method that the classifier does not support.
  case unsupported(String)
  /// A gradient of an operation that has none.
  case notDifferentiable

  /// The description, without what precedes the problem of settings.
  package var problem: String {
    if case .configuration(let problem) = self { problem } else { description }
  }

  public var description: String {
    switch self {
    case .configuration(let problem): "the model's settings do not work: \(problem)"
    case .mismatch(let problem): problem
    case .unsupported(let problem): "\(problem); choose another method"
    case .tooShort(let frames, let least):
      "the clip has \(frames) frames and cropping needs at least \(least); "
        + "keep all frames, or use a longer clip"
    case .tooLong(let frames, let bytes, let most):
      "the clip has \(frames) frames and would need about \(Int(bytes / 1e6) + 1) MB of memory, "
        + "where \(Int(most / 1e6)) MB may be used; cut it into shorter clips, " + Memory.remedy
    case .notFinite:
      "the network's outputs are not finite; check the level of the clip and the model's weights"
    case .noInterpreter:
      "the model classifies but has no interpreter yet; train one, or choose another model"
    case .notDifferentiable:
      "VectorQuantization is not differentiable; "
        + "use VectorQuantizationStraightThrough for a straight-through estimate of its gradient"
    }
  }
}

extension PIQError: FailureConvertible {
  public var failure: Failure {
    let code: Failure.Code =
      switch self {
      case .configuration: .modelMalformed
      case .tooShort: .clipTooShort
      case .tooLong: .clipTooLong
      case .noInterpreter: .noInterpreter
      case .unsupported: .methodUnsupported
      case .mismatch, .notFinite, .notDifferentiable: .other
      }
    return Failure(code, problem: description, underlying: self)
  }
}
