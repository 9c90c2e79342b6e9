import ArgumentParser
import PIQAudio
import PIQTraining

/// `piq-audio train`.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a classifier on your own sounds, and its interpreter.",
    discussion: """
      EXAMPLES
        piq-audio train classifier recordings/ -o birds-classifier
        piq-audio train interpreter recordings/ --model birds-classifier -o birds
        piq-audio interpret --model birds clip.wav
      """,
    subcommands: [Classifier.self, Interpreter.self])

  /// `piq-audio train classifier`.
  struct Classifier: TerminalCommand {
    static let stopsGently = true
    static let configuration = CommandConfiguration(
      abstract: "Train a classifier on sounds whose classes are known.",
      discussion: """
        DATA is a CSV file with a header and the columns filename, category and, where there are \
        folds, fold; or a folder with one sub-folder of sound files a class.

        The model has the weights of the epoch that was best on the validation clips, and a logit \
        scale that makes its probabilities mean something there. Recipe, log, curves and a \
        checkpoint are in training/ in its folder. Ctrl-C saves; the same command with --resume \
        goes on, to the same result.

        EXAMPLES
          piq-audio train classifier recordings/ -o birds-classifier
          piq-audio train classifier --train-folds 1,2,3 --valid-folds 4 esc10/clips.csv -o esc10
          piq-audio train classifier --print-recipe > recipe.yaml
          piq-audio train classifier --recipe recipe.yaml --epochs 100 clips.csv -o model
          piq-audio train classifier --pretrained vit --learning-rate 2e-4 recordings/ -o birds
          piq-audio train classifier --backbone yamnet recordings/ -o birds
        """)

    @OptionGroup var arguments: TrainingArguments
    @OptionGroup(title: "Settings of data, optimisation and augmentation")
    var settings: SettingOptions

    @Option(
      help: ArgumentHelp(
        "The encoder: Conv2dEncoder_v2 (the default), FocalNetBackbone or ViTModel.",
        valueName: "class"))
    var encoder: String?

    @Option(help: ArgumentHelp("The channels of the encoder.", valueName: "n"))
    var dim: Int?

    @Option(
      help: ArgumentHelp(
        """
        A model folder whose encoder the training begins with, and is tuned further; its front end \
        is kept.
        """, valueName: "dir"), completion: .directory)
    var pretrained: String?

    @Option(
      help: ArgumentHelp(
        """
        The folder of a model that was imported from an ONNX or TFLite file with an --embedding: a \
        head on it is trained, and it stays as it is.
        """, valueName: "dir"), completion: .directory)
    var backbone: String?

    @Option(
      help: ArgumentHelp(
        """
        The folder of a model that was imported from an ONNX or TFLite file with an --embedding: the \
        classifier learns to hear as it does, and needs it no more when it is trained.
        """, valueName: "dir"), completion: .directory)
    var teacher: String?

    @Flag(
      help: """
        With --cross-validate, also train without two classes at a time, to calibrate the model's score \
        of how likely a sound is of any known class.
        """)
    var calibrateKnown = false

    @OptionGroup var messages: MessageOptions

    func validate() throws {
      guard !calibrateKnown || arguments.crossValidate else {
        throw ValidationError("--calibrate-known needs --cross-validate")
      }
      try refuseEmpty(backbone, "--backbone")
      try refuseEmpty(teacher, "--teacher")
      guard backbone == nil || teacher == nil else {
        throw ValidationError("a head on --backbone needs no --teacher; choose one")
      }
      guard backbone == nil || pretrained == nil && encoder == nil && dim == nil else {
        throw ValidationError(
          "--backbone stays as it is, so that --pretrained, --encoder and --dim have no place")
      }
    }

    func run(_ terminal: Terminal) throws {
      if let backbone { return try trainHead(on: backbone, terminal) }
      let recipe = try settings.recipe(ClassifierRecipe(), from: arguments.recipe) { recipe in
        set(&recipe.network.encoder, encoder)
        set(&recipe.network.dim, dim)
      }
      if try arguments.printed(recipe, terminal) { return }
      let pretrained = try pretrained.map { try Model(path: $0) }
      try pretrained?.checkIsTrainable()
      let teacher = try teacher.map { try Model(path: $0) }
      let hashes = [pretrained?.sha256, teacher?.sha256, teacher?.settingsSHA256]
      func inputs(of fold: CrossValidation.Fold?) -> [String] { hashes.compactMap(\.self) }
      try arguments.run(
        recipe, terminal, ClassifierTask.self, inputs: inputs,
        calibrating: knownCalibration(seed: recipe.seed)
      ) { session in
        var configuration = try session.recipe.configuration(
          name: session.modelName, labels: session.split.categories,
          pretrained: pretrained?.configuration, teacher: teacher?.configuration)
        try session.choosePrecision(channels: configuration.ownClassifier.head.inputSize)
        let clips = try session.load(&configuration)
        let lessons = try teacher.map {
          try Teacher(
            $0, labels: configuration.labels, sampleRate: configuration.stft.sampleRate,
            train: clips.train, seed: session.recipe.seed
          ) { finished, total in
            try checkForSignal()
            terminal.progress("teacher: embedding [\(finished + 1)/\(total)]")
          }
        }
        terminal.clearProgress()
        let task = try ClassifierTask(
          configuration, session.recipe, train: clips.train, valid: clips.valid,
          pretrained: pretrained?.interpreter, teacher: lessons, known: session.part.known)
        return try session.run(task)
      }
    }

    /// What makes a calibration of trainings without some classes; nil where it is not asked for.
    func knownCalibration(
      seed: UInt64
    ) -> (([KnownCalibration.Part]) throws -> KnownCalibration)? {
      calibrateKnown ? { try KnownCalibration($0, seed: seed) } : nil
    }
  }

  /// `piq-audio train interpreter`.
  struct Interpreter: TerminalCommand {
    static let stopsGently = true
    static let configuration = CommandConfiguration(
      abstract: "Train the interpreter of a classifier.",
      discussion: """
        DATA is a CSV file with a header and the columns filename, category and, where there are \
        folds, fold; or a folder with one sub-folder of sound files a class. The classifier stays \
        as it is; the model in the output folder has both.

        The objective is that of the PIQ paper plus terms that ask the classifier what it makes of \
        the masked sound (L-MAC, arXiv 2403.13086); --objective upstream leaves those out.

        EXAMPLES
          piq-audio train interpreter recordings/ --model birds-classifier -o birds
          piq-audio train interpreter --objective upstream clips.csv --model esc10 -o esc10-piq
          piq-audio train interpreter --resume recordings/ --model birds-classifier -o birds
        """)

    @OptionGroup var arguments: TrainingArguments
    @OptionGroup var model: ModelOptions
    @OptionGroup(title: "Settings of data, optimisation and augmentation")
    var settings: SettingOptions

    @Option(
      help: """
        Where the weights of the objective begin: those that scored best here (faithful), or \
        SpeechBrain's recipe (upstream).
        """)
    var objective: Objective?

    @Option(
      name: .customLong("keys"), help: ArgumentHelp("The keys of the codebook, K.", valueName: "n"))
    var keyCount: Int?

    @OptionGroup var messages: MessageOptions

    func run(_ terminal: Terminal) throws {
      let recipe = try settings.recipe(InterpreterRecipe(), from: arguments.recipe) { recipe in
        set(&recipe.objective, objective?.settings)
        set(&recipe.network.keyCount, keyCount)
      }
      if try arguments.printed(recipe, terminal) { return }
      let classifier = try model.load()
      try classifier.checkIsTrainable()
      // The classifier of a fold must not know the fold either.
      func classifierFiles(of fold: CrossValidation.Fold) -> TrainingFiles {
        TrainingFiles(folder: classifier.path, name: ClassifierTask.name).fold(fold.test)
      }
      func inputs(of fold: CrossValidation.Fold?) throws -> [String] {
        guard let fold else { return [classifier.sha256] }
        let files = classifierFiles(of: fold)
        // Where the model is no longer there, the result says which it was.
        if !files.hasModel, let result = files.result(of: ClassifierTask.Outcome.self) {
          return [result.model]
        }
        return [try Model(path: files.folder).sha256]
      }
      try arguments.run(recipe, terminal, InterpreterTask.self, inputs: inputs) { session in
        let classifier =
          try session.part.fold.map { try Model(path: classifierFiles(of: $0).folder) }
          ?? classifier
        var configuration = try session.recipe.configuration(
          explaining: classifier.configuration, name: session.modelName)
        try session.checkClasses(classifier)
        try session.choosePrecision(channels: configuration.ownClassifier.head.inputSize)
        let clips = try session.load(&configuration)
        let task = try InterpreterTask(
          configuration, explaining: classifier.interpreter, session.recipe, train: clips.train,
          valid: clips.valid)
        return try session.run(task)
      }
    }
  }

  /// The initial weights of an interpreter's objective.
  enum Objective: String, ExpressibleByArgument, CaseIterable {
    case faithful, upstream

    var settings: InterpreterRecipe.ObjectiveSettings {
      switch self {
      case .faithful: InterpreterRecipe().objective
      case .upstream: .upstream
      }
    }
  }
}
