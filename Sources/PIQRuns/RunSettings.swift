public import PIQAudio
public import PIQPipeline

/// All that the outputs of a run depend on beside its inputs.
public struct RunSettings: Encodable {
  /// The hashes of the model's weights and of its settings.
  let weights, model: String
  /// The precision of the decoder's products.
  let precision: String
  /// The program that runs.
  let program: String
  /// The kinds of output.
  let outputs: [String]
  /// The settings for each clip.
  let clips: ClipProcessor.Settings

  /// Those of a run of `program`, a name with a version, that processes clips with `model`.
  public init(
    _ model: Model, _ clips: ClipProcessor.Settings, outputs: [OutputKind], program: String
  ) {
    weights = model.sha256
    self.model = model.settingsSHA256
    precision = model.interpreter.precision.rawValue
    self.program = program
    self.outputs = outputs.map(\.name)
    self.clips = clips
  }

  /// These settings as text: equal for equal ones, different where any one differs.
  public var fingerprint: String { get throws { try JSON.line(self) } }
}
