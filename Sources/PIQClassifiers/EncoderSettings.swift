public import PIQNeuralNetwork

/// All encoders, under the class names that model.json and SpeechBrain's YAML use. To add one, add
/// a file with its settings and a line here.
private let encoders: [any EncoderSettings.Type] = [
  ConvolutionalEncoder.Settings.self, FocalNetEncoder.Settings.self, ViTEncoder.Settings.self,
]

/// The sizes of an encoder: all of its entry in model.json but the class.
public protocol EncoderSettings: Sendable, Codable, Hashable {
  /// SpeechBrain's name for the class.
  static var className: String { get }
  /// The class of the interpreter that decodes its maps; nil where none can.
  static var interpreterClassName: String? { get }
  /// D, the channels of its map.
  var channels: Int { get }
  /// The fewest frames of a clip in training.
  var minimumTrainingFrames: Int { get }
  /// The fewest values that its weights have, to compare with a file before allocation.
  var minimumParameterCount: Int { get }

  /// Settings from keyword arguments, as SpeechBrain's YAML gives them.
  ///
  /// - Throws: what `arguments` throws for a value of another type.
  init(_ arguments: some KeywordArguments) throws

  /// Settings of an encoder to be trained.
  ///
  /// - Parameters:
  ///   - channels: D, the channels of its map.
  ///   - depths: how many layers each stage has; those of its class if empty.
  /// - Throws: `PIQError.configuration`.
  init(channels: Int, depths: [Int]) throws(PIQError)

  /// Checks the sizes, and whether spectrograms of F bins can be encoded.
  ///
  /// - Throws: `PIQError.configuration`.
  func validate(bins: Int) throws(PIQError)

  /// Checks whether an interpreter can decode maps of spectrograms of F bins.
  ///
  /// - Throws: `PIQError.configuration`.
  func validateDecoding(bins: Int) throws(PIQError)

  /// An encoder of these sizes.
  func makeEncoder(using initializer: Initializer) -> any SpectrogramEncoder

  /// Other names that checkpoints have for the tensor of this name in the encoder's state; none by
  /// default.
  static func aliases(of name: String) -> [String]
}

extension EncoderSettings {
  /// None: checkpoints have the names of the state.
  public static func aliases(of name: String) -> [String] { [] }
}

/// Settings of an encoder of transformers, whose sizes follow from the tensors of a checkpoint.
public protocol PretrainedEncoderSettings: EncoderSettings {
  /// `model_type` in transformers' `config.json`.
  static var modelType: String { get }
  /// Whether spectrograms are resized to images with antialiasing.
  var antialias: Bool { get set }

  /// The settings of a published model, by its name on the hub without the owner; nil for others.
  static func published(_ name: String) -> Self?

  /// Whether a checkpoint with tensors of these shapes, by name, is of such an encoder.
  static func isFound(in shapes: [String: [Int]]) -> Bool

  /// Takes over the sizes that the tensors of a checkpoint have.
  ///
  /// - Parameter shapes: by the names in the checkpoint.
  mutating func adopt(_ shapes: [String: [Int]])
}

extension PretrainedEncoderSettings {
  /// The shape of the tensor of this name in the encoder's state, under one of its names.
  static func shape(_ name: String, in shapes: [String: [Int]]) -> [Int]? {
    shapes[name] ?? aliases(of: name).lazy.compactMap { shapes[$0] }.first
  }
}

/// Keyword arguments of a class, with the defaults of the class where one is missing.
public protocol KeywordArguments {
  /// The integer given for `keyword`, else `standard`; throws where neither is an integer.
  func int(_ keyword: String, default standard: Int?) throws -> Int
  /// The truth value given for `keyword`, else `standard`; throws where neither is one.
  func bool(_ keyword: String, default standard: Bool?) throws -> Bool
}

/// An encoder's class and settings: the `embedding_model` of model.json.
public struct EncoderConfiguration: Sendable, Codable, Equatable {
  /// SpeechBrain's name for the class.
  public let className: String
  /// The sizes; nil for a class that is not known here.
  public let settings: (any EncoderSettings)?

  /// The configuration of an encoder with these settings.
  public init(_ settings: some EncoderSettings) {
    className = type(of: settings).className
    self.settings = settings
  }

  /// The encoder of a class with keyword arguments; without settings if the class is not known.
  ///
  /// - Throws: what `arguments` throws for a value of another type.
  public init(className: String, _ arguments: some KeywordArguments) throws {
    self.className = className
    settings = try Self.settingsType(of: className)?.init(arguments)
  }

  /// The settings of the class; nil for one that is not known here.
  public static func settingsType(of className: String) -> (any EncoderSettings.Type)? {
    encoders.first { $0.className == className }
  }

  /// The settings of the class that a checkpoint of transformers is of; nil if it is not known here.
  public static func pretrainedSettingsType(
    where isWanted: (any PretrainedEncoderSettings.Type) -> Bool
  ) -> (any PretrainedEncoderSettings.Type)? {
    encoders.lazy.compactMap { $0 as? any PretrainedEncoderSettings.Type }.first(where: isWanted)
  }

  /// The configuration of an encoder to be trained.
  ///
  /// - Throws: `PIQError.configuration` for an unknown class, or sizes that it cannot have.
  public init(className: String, channels: Int, depths: [Int] = []) throws(PIQError) {
    guard let type = Self.settingsType(of: className) else {
      throw .configuration("there is no encoder \(className); there are \(Self.classNames)")
    }
    self.className = className
    settings = try type.init(channels: channels, depths: depths)
  }

  /// The names of all classes, for messages.
  public static var classNames: String { encoders.map { $0.className }.joined(separator: ", ") }

  /// The settings of a known class.
  ///
  /// - Throws: `PIQError.configuration`.
  public func known() throws(PIQError) -> any EncoderSettings {
    if let settings { return settings }
    throw .configuration("\(className) cannot be run on sound; only \(Self.classNames) can")
  }

  private enum CodingKeys: String, CodingKey { case `class` }

  /// Reads the class, and the settings of a known one from the same object.
  ///
  /// - Throws: `DecodingError` for a setting that is missing or of another type.
  public init(from decoder: any Decoder) throws {
    className = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .class)
    settings = try Self.settingsType(of: className)?.init(from: decoder)
  }

  /// Writes class and settings into one object.
  ///
  /// - Throws: what `encoder` throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(className, forKey: .class)
    try settings?.encode(to: encoder)
  }

  /// Whether class and settings are equal.
  public static func == (left: EncoderConfiguration, right: EncoderConfiguration) -> Bool {
    func hashable(_ settings: (any EncoderSettings)?) -> AnyHashable? {
      settings.map { AnyHashable($0) }
    }
    return left.className == right.className && hashable(left.settings) == hashable(right.settings)
  }
}

/// Checks that counts are from 1 to 65,536, far beyond any real model.
///
/// - Throws: `PIQError.configuration` naming the first that is not.
package func checkCounts(_ counts: [(name: String, value: Int)]) throws(PIQError) {
  for (name, value) in counts where !(1...65_536).contains(value) {
    throw .configuration("\(name) is \(value)")
  }
}
