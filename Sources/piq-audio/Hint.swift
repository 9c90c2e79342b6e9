import PIQAudio
import PIQDatasets

/// Options in messages of libraries, which do not know them.
enum Hint {
  /// A warning, with the option that helps.
  static func added(to warning: String) -> String {
    let advice = SoundFileReader.channelAdvice
    return warning.replacing(advice, with: "\(advice) (--channel)")
  }
}

extension Terminal {
  /// Writes a remark on a clip of a data set to standard error.
  func warn(on clip: Dataset.Clip, _ remark: String) {
    warn("\(printable(clip.path)): \(Hint.added(to: remark))")
  }
}

extension Failure {
  /// The failure's message in this program, followed by options or commands for its remedy.
  var message: String { code.hint.map { "\(description) (\($0))" } ?? description }
}

extension Failure.Code {
  /// The options and commands for the remedy of such failures; nil where there are none.
  fileprivate var hint: String? {
    switch self {
    case .activationNeeded: "--activation"
    case .arraysOfWindows: "--outputs, or --window 0"
    case .busy: "--output-dir"
    case .channelNotFound: "--channel"
    case .clipTooShort: "--tail keep"
    case .embeddingNeeded: "piq-audio model import --embedding; piq-audio model info lists tensors"
    case .emptySplit: "--train-folds, --valid-folds, --valid-fraction"
    case .frontEndNeeded: "--front-end"
    case .inputNeeded: "--input, --front-end, --layout, --window"
    case .knownMissing: "piq-audio train classifier --cross-validate --calibrate-known"
    case .labelsNotFound: "--labels"
    case .listNotReadable: "--files-from"
    case .modelExists: "--force"
    case .modelMalformed: "piq-audio model import"
    case .modelNotFound: "or --model"
    case .networkIsFixed: "piq-audio train classifier --backbone"
    case .noFolds: "leave out --folds"
    case .methodUnsupported: "--method occlusion, rise or lime work on every model"
    case .noInterpreter: "piq-audio train interpreter, another --method, or --model"
    case .noMixtures: "--sets"
    case .nothingToResume: "leave out --resume"
    case .outputExists: "--existing overwrite, or --existing skip"
    case .outputsCollide: "--output-dir, --keep-paths"
    case .recipeMalformed: "piq-audio train … --print-recipe shows all settings"
    case .resultsNotFound: "piq-audio interpret --output-dir"
    case .sampleRateNeeded: "--sample-rate"
    case .scoresNeeded: "--scores"
    case .settingInvalid: "in the recipe, or by --set; --print-recipe shows all settings"
    case .soundsNotFound: "--audio-dir"
    case .tooFewKeys: "--keys"
    case .trainingDiffers, .trainingDiverged: "--force begins again"
    case .trainingExists: "--resume, or --force"
    case .windowNeeded: "--window"
    case .unknownClass: "piq-audio model info lists the model's classes"
    default: nil
    }
  }

  /// Whether the command line is invalid.
  var isUsage: Bool { self == .outputsCollide }
}
