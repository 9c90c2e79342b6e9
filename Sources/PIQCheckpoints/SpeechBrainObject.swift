public import PIQPlatform

/// A value of a hyperparams.yaml, with its references followed.
public enum SpeechBrainValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case list([SpeechBrainValue])
  case mapping([String: SpeechBrainValue])
  case object(SpeechBrainObject)
  /// A value that only HyperPyYAML itself could give, and why; an error once it is needed.
  case unresolved(String)

  var int: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  var string: String? { if case .string(let value) = self { value } else { nil } }
}

/// The class and arguments of a `!new:`, `!name:` or `!apply:` in a hyperparams.yaml. Nothing is
/// instantiated or called.
public struct SpeechBrainObject: Sendable, Equatable {
  /// The full Python name of the class or function, such as
  /// `speechbrain.lobes.models.PIQ.VectorQuantizedPSI_Audio`.
  public let className: String
  /// The arguments given by keyword.
  public let arguments: [String: SpeechBrainValue]
  /// The arguments given by position.
  public let positional: [SpeechBrainValue]

  let origin: Origin

  /// The last part of `className`.
  public var shortClassName: String {
    className.split(separator: ".").last.map(String.init) ?? className
  }

  /// For `!apply:transformers.CLASS.from_pretrained [NAME]` the class, and the name on the hub or path
  /// that it is given; nil for anything else.
  public var pretrained: (className: String, source: String?)? {
    let parts = className.split(separator: ".")
    guard parts.first == "transformers", parts.last == "from_pretrained", parts.count == 3 else {
      return nil
    }
    let source = positional.first ?? arguments["pretrained_model_name_or_path"]
    return (String(parts[1]), source?.string)
  }

  /// The integer given for `keyword`, else `standard`.
  ///
  /// - Throws: `Failure` when it is no integer, or is missing without a standard value.
  public func int(_ keyword: String, default standard: Int? = nil) throws(Failure) -> Int {
    try value(keyword, standard, "an integer", \.int)
  }

  /// The number given for `keyword`, else `standard`; throws as `int(_:default:)` does.
  public func double(_ keyword: String, default standard: Double? = nil) throws(Failure) -> Double {
    try value(keyword, standard, "a number", \.double)
  }

  /// The truth value given for `keyword`, else `standard`; throws as `int(_:default:)` does.
  public func bool(_ keyword: String, default standard: Bool? = nil) throws(Failure) -> Bool {
    try value(keyword, standard, "True or False", \.bool)
  }

  private func value<Value>(
    _ keyword: String, _ standard: Value?, _ kind: String, _ convert: (SpeechBrainValue) -> Value?
  ) throws(Failure) -> Value {
    try origin.convert(
      arguments[keyword], named: "\(origin.place).\(keyword)", standard, kind, convert)
  }

  /// The origin of a value, for messages.
  struct Origin: Sendable, Equatable {
    let path: String
    let place: String

    func convert<Value>(
      _ value: SpeechBrainValue?, named name: String, _ standard: Value?, _ kind: String,
      _ convert: (SpeechBrainValue) -> Value?
    ) throws(Failure) -> Value {
      guard let value else {
        if let standard { return standard }
        throw Failure(
          .fileMalformed, path: path, problem: "has no \(quoted(name))",
          remedy: "add it: \(kind) is needed")
      }
      if let converted = convert(value) { return converted }
      let problem =
        if case .unresolved(let reason) = value { reason } else { "is not \(kind)" }
      throw Failure(
        .fileMalformed, path: path, problem: "\(quoted(name)) \(problem)",
        remedy: "write \(kind) in its place")
    }
  }
}
