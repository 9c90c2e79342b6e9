import ArgumentParser
import PIQAudio

extension ModelCommand {
  /// `piq-audio model import`.
  struct Import: TerminalCommand {
    static let configuration = CommandConfiguration(
      commandName: "import",
      abstract: "Make a model folder of a SpeechBrain model, or of an ONNX or TFLite file.",
      discussion: """
        A folder is one that a recipe leaves or the hub has: hyperparams.yaml, label_encoder.txt \
        and the checkpoints that its pretrainer names, of Conv2dEncoder_v2, FocalNet or ViT; or \
        embedding_model.ckpt and classifier.ckpt of a FocalNet or ViT alone. No code in these files \
        is ever run.

        A file is a network in ONNX or TFLite with one input, the sound or its spectrogram, and \
        scores among its outputs. OpenVINO runs it (pip install openvino). What it does not say is \
        read from config.json and preprocessor_config.json beside it, or given here.

        EXAMPLES
          piq-audio model import speechbrain-piq -o my-model
          piq-audio model import speechbrain-piq -o my-model --normalize peak
          piq-audio model import vit-base-esc50 -o vit --labels esc50-classes.txt
          piq-audio model import yamnet.onnx -o yamnet --labels class_map.csv --sample-rate 16000
          piq-audio model import ast/model.onnx -o ast --activation softmax
          piq-audio interpret --model my-model clip.wav
        """)

    @Argument(
      help: ArgumentHelp(
        "The folder in SpeechBrain's layout, or the ONNX or TFLite file.", valueName: "path"),
      completion: .file())
    var source: String

    @Option(
      name: .shortAndLong,
      help: ArgumentHelp("The model folder to write.", valueName: "dir"), completion: .directory)
    var output: String

    @OptionGroup(title: "ONNX and TFLite files") var network: NetworkOptions

    @Option(
      help: """
        What each clip is divided by before the STFT: none (nothing, as SpeechBrain's inference \
        does), peak (its largest absolute sample), max (its largest sample, as SpeechBrain's training \
        does) or rms (the root mean square of its samples). Choose what the model was trained with.
        """)
    var normalize = Normalization.none

    @Option(
      help: ArgumentHelp(
        "What the classifier's cosines are multiplied by before softmax.", valueName: "x"))
    var logitScale = 1.0

    @Option(
      help: ArgumentHelp(
        """
        The names of the classes, if none are beside the model: one a line, CSV with the columns index \
        and name or display_name, SpeechBrain's label_encoder.txt, or a config.json with id2label.
        """, valueName: "file"), completion: .file())
    var labels: String?

    @Option(
      help: ArgumentHelp(
        "The attention heads of a ViT whose files do not say it; otherwise one for 64 channels.",
        valueName: "n"))
    var heads: Int?

    @Flag(
      inversion: .prefixedNo,
      help: """
        Whether FocalNet and ViT see an antialiased image of the spectrogram, as torchvision has made \
        it since 0.17.
        """)
    var antialias = true

    @Option(help: "How weights are stored: f32 as they are, f16 or bf16 rounded to half the size.")
    var dtype = StoredType.f32

    @Option(
      help: ArgumentHelp("The model's name; otherwise that of the folder.", valueName: "text"))
    var name: String?

    @Option(help: ArgumentHelp("A note on how the model was trained.", valueName: "text"))
    var training: String?

    @Option(
      help: ArgumentHelp("A note on the terms under which it may be used.", valueName: "text"))
    var licence: String?

    @Flag(help: "Replace the model in the output folder.")
    var force = false

    @OptionGroup var messages: MessageOptions

    func validate() throws {
      guard logitScale > 0, logitScale.isFinite else {
        throw ValidationError("--logit-scale needs a positive number")
      }
      try refuseEmpty(output, "--output")
      try refuseEmpty(labels, "--labels")
      guard heads.map((1...65_536).contains) ?? true else {
        throw ValidationError("--heads needs a number from 1 to 65536")
      }
    }

    func run(_ terminal: Terminal) throws {
      if !force { try Model.checkIsFree(output) }
      let name = name ?? Folder.ownName(of: output)
      if NetworkDescription.isFile(source) {
        try network.refuse([
          (normalize != .none, "--normalize"), (logitScale != 1, "--logit-scale"),
          (heads != nil, "--heads"), (!antialias, "--no-antialias"), (dtype != .f32, "--dtype"),
        ])
        var options = network.options
        (options.labels, options.training, options.licence) = (labels, training, licence)
        let imported = try NetworkImport(path: source, name: name, options)
        for remark in imported.remarks { terminal.notice("\(printable(source)): \(remark)") }
        try imported.write(to: output, replacing: force)
        let classCount = imported.configuration.labels.count
        return try terminal.say("\(printable(output)): a network of \(classCount) classes")
      }
      if let option = network.given.first {
        throw UsageError(
          "\(option) is for ONNX and TFLite files, and \(printable(source)) is none of them")
      }
      var options = SpeechBrainImport.Options()
      (options.normalize, options.logitScale) = (normalize, logitScale)
      (options.labels, options.heads, options.antialias) = (labels, heads, antialias)
      (options.training, options.licence) = (training, licence)
      let imported = try SpeechBrainImport(path: source, name: name, options)
      for remark in imported.remarks { terminal.notice("\(printable(source)): \(remark)") }
      try Model.write(
        imported.configuration, weights: imported.weights, dtype: dtype.tensorType, to: output,
        replacing: force)
      try terminal.say(
        "\(printable(output)): \(imported.parameterCount) values, stored as \(dtype.rawValue)")
    }
  }
}

/// How an imported model's weights are stored.
enum StoredType: String, ExpressibleByArgument, CaseIterable {
  case f32, f16, bf16

  var tensorType: TensorDType {
    switch self {
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    }
  }
}
