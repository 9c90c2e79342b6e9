import ArgumentParser
import PIQAudio
import PIQTraining

/// The arguments of both trainings besides settings.
struct TrainingArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The CSV file or the folder of classes.", valueName: "data"),
    completion: .file())
  var data: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The folder for the model, made if missing.", valueName: "dir"),
    completion: .directory)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "A YAML file of settings; options override it, and it overrides the standard recipe.",
      valueName: "file"),
    completion: .file())
  var recipe: String?

  @Flag(help: "Print the settings as a recipe, and do nothing else.")
  var printRecipe = false

  @OptionGroup var sounds: SoundFolderOption

  @Option(
    help: ArgumentHelp("The model's name. Otherwise that of its folder.", valueName: "text"))
  var name: String?

  @Option(
    help: ArgumentHelp("A note on the terms under which it may be used.", valueName: "text"))
  var licence: String?

  @Option(help: "How the model's weights are stored.")
  var dtype = StoredType.f32

  @Flag(
    help: """
      Measure the recipe first: for each fold of the data, train on others without it, choose epoch and \
      scale on the next one, and measure it. Then train on all folds.
      """)
  var crossValidate = false

  @Flag(help: "Go on with the training that the output folder holds.")
  var resume = false

  @Flag(help: "Replace what the output folder holds.")
  var force = false

  @Flag(help: "Print one JSON object a finished epoch on standard output, the lines of the log.")
  var json = false

  func validate() throws {
    try refuseEmpty(output, "--output")
    try refuseEmpty(recipe, "--recipe")
    if printRecipe { return }
    guard data != nil else {
      throw ValidationError("no data were given; name a CSV file or a folder of classes")
    }
    guard output != nil else { throw ValidationError("name a folder for the model with --output") }
    if resume && force {
      throw ValidationError("--resume goes on and --force begins again; choose one")
    }
  }

  /// Prints the recipe if only that is requested.
  func printed(_ recipe: some Recipe, _ terminal: Terminal) throws -> Bool {
    try recipe.validate()
    guard printRecipe else { return false }
    // `print` adds the last line break.
    try terminal.print(String(RecipeFile.text(recipe).dropLast()))
    return true
  }
}

/// Options for the common settings of both trainings; each overrides the recipe's.
struct SettingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Decides about all that is drawn.", valueName: "n"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("The folds to train on, separated by commas.", valueName: "list"))
  var trainFolds: NumberList?

  @Option(
    help: ArgumentHelp(
      "The folds that the best epoch is chosen on. Otherwise the highest one.", valueName: "list"))
  var validFolds: NumberList?

  @Option(help: ArgumentHelp("The folds that are measured at the end.", valueName: "list"))
  var testFolds: NumberList?

  @Option(
    help: ArgumentHelp(
      "The part of each class to choose on, where there are no folds.", valueName: "x"))
  var validFraction: Double?

  @Option(
    help: ArgumentHelp(
      "How much of a clip is taken at a time, in seconds; 0 for all of it.", valueName: "seconds"))
  var cropSeconds: Double?

  @OptionGroup var sounds: DataChannelOption

  @Option(help: ArgumentHelp("How often all clips are seen.", valueName: "n"))
  var epochs: Int?

  @Option(help: ArgumentHelp("The clips of a step.", valueName: "n"))
  var batchSize: Int?

  @Option(help: ArgumentHelp("The largest learning rate.", valueName: "x"))
  var learningRate: Double?

  @Option(
    help: """
      What the operands of large products are rounded to: f32, bf16, or auto, the default: bf16 \
      where it is measured to be at least 15 % faster.
      """)
  var precision: PrecisionChoice?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      """
      Change any setting of the recipe by its group (data, optimization, augmentation, network, \
      objective, distillation) and name, such as augmentation.gain=3; may be repeated. \
      --print-recipe shows all.
      """, valueName: "setting=value"))
  var assignments: [String] = []

  /// The standard recipe, changed by a recipe file, then by the options, and last by --set.
  ///
  /// - Parameter options: applies those of one training.
  func recipe<R: Recipe>(
    _ standard: R, from file: String?, options: (inout R) -> Void
  ) throws -> R {
    var recipe = try file.map { try RecipeFile.read($0, over: standard) } ?? standard
    set(&recipe.seed, seed)
    set(&recipe.data.trainFolds, trainFolds?.numbers)
    set(&recipe.data.validFolds, validFolds?.numbers)
    set(&recipe.data.testFolds, testFolds?.numbers)
    set(&recipe.data.validFraction, validFraction)
    set(&recipe.data.cropSeconds, cropSeconds)
    set(&recipe.data.channel, sounds.channel.map { $0.number ?? 0 })
    set(&recipe.optimization.epochs, epochs)
    set(&recipe.optimization.batchSize, batchSize)
    set(&recipe.optimization.learningRate, learningRate)
    set(&recipe.optimization.precision, precision)
    options(&recipe)
    for assignment in assignments { recipe = try RecipeFile.set(assignment, in: recipe) }
    return recipe
  }
}

/// Replaces a setting where its option was given.
func set<Value>(_ setting: inout Value, _ option: Value?) {
  if let option { setting = option }
}
