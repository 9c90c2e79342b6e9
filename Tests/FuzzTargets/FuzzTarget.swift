/// What a fuzzer feeds with bytes that nobody meant well.
///
/// A target reads them or refuses them with an error; a trap, an endless loop or exhausted memory
/// is a fault. `make fuzz` searches for faults, and `FuzzTests` runs what is in Fixtures/fuzz.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// A state dict's pickle, within the archive that torch.save puts around it.
  case pickle
  /// Zip archives: a checkpoint, and an `.npz`.
  case zip
  /// An array of an `.npz`.
  case npy
  case safetensors
  /// SpeechBrain's hyperparams.yaml.
  case hyperparams
  /// SpeechBrain's label_encoder.txt.
  case labels
  /// Files of labels of any kind.
  case names
  /// The config.json of a model of transformers.
  case configuration
  /// The names and shapes of the tensors of a FocalNet or a ViT.
  case tensors
  /// The names in an ONNX file, and its weights beside it.
  case onnx
  /// How sound is prepared for a network.
  case frontend
  /// Lists of clips with their classes, and classes with their labels.
  case csv
  /// The recipe of a training.
  case recipe
  /// The settings of a model.
  case settings
  /// The JSON of an interpretation.
  case report
  /// What a run has done so far.
  case journal
  /// From a sound file to its log-power spectrogram.
  case sound

  typealias Body = (UnsafeRawBufferPointer) throws -> Void

  /// Makes what the target needs besides the bytes, once.
  ///
  /// - Returns: a function that feeds bytes to the target. Not for several threads at once.
  /// - Throws: what keeps the target from being tried at all.
  public func prepare() throws -> (UnsafeRawBufferPointer) -> Void {
    let body: Body =
      switch self {
      case .pickle: pickleTarget()
      case .zip: zipTarget()
      case .npy: npyTarget()
      case .safetensors: safetensorsTarget()
      case .hyperparams: try hyperparamsTarget()
      case .labels: try labelsTarget()
      case .names: namesTarget()
      case .configuration: try configurationTarget()
      case .tensors: try tensorsTarget()
      case .onnx: onnxTarget()
      case .frontend: frontEndTarget()
      case .csv: csvTarget()
      case .recipe: recipeTarget()
      case .settings: try settingsTarget()
      case .report: try reportTarget()
      case .journal: try journalTarget()
      case .sound: soundTarget()
      }
    return { bytes in
      do {
        try body(bytes)
      } catch {
        // A refusal has to be a line that can be shown.
        let text = "\(error)"
        precondition(!text.isEmpty && !text.utf8.contains(UInt8(ascii: "\n")), text)
      }
    }
  }
}
