import Foundation
import PIQPlatform
import PIQTraining
import TestSupport
import Testing

@Suite struct RecipeTests {
  private let folder = try? TemporaryFolder()

  private func read(_ text: String) throws -> InterpreterRecipe {
    let folder = try #require(folder)
    return try RecipeFile.read(folder.write(text, to: "recipe.yaml"), over: InterpreterRecipe())
  }

  @Test func whatIsNotMentionedStays() throws {
    let recipe = try read(
      """
      seed: 7
      objective:
        masked_in: 3
      data: {valid_folds: [4], crop_seconds: 1.5}
      optimization: {schedule: plateau}
      """)
    var expected = InterpreterRecipe()
    expected.seed = 7
    expected.objective.maskedIn = 3
    expected.data.validFolds = [4]
    expected.data.cropSeconds = 1.5
    expected.optimization.schedule = .plateau
    #expect(recipe == expected)
    #expect(try read("") == InterpreterRecipe())
    #expect(try read("# nothing\n") == InterpreterRecipe())
  }

  @Test func textReadsBack() throws {
    var recipe = InterpreterRecipe()
    recipe.optimization.learningRate = 3.7e-5
    recipe.data.trainFolds = [1, 2]
    #expect(try read(try RecipeFile.text(recipe)) == recipe)
  }

  @Test(arguments: [
    ("sede: 1", "no setting sede"), ("data: {fold: 3}", "no setting data.fold"),
    ("data: 3", "data is no list of settings"), ("- 1", "no list of settings"),
    ("seed: [1", "is not YAML"), ("seed: abc", "seed"),
    ("optimization: {schedule: sometimes}", "schedule"),
    ("objective: {masked_in: much}", "masked_in"),
  ])
  func refusals(text: String, words: String) throws {
    let error = #expect(throws: Failure.self) { try read(text) }
    #expect(error?.problem.contains(words) == true, "\(String(describing: error))")
    #expect(error?.path?.hasSuffix("recipe.yaml") == true)
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let words: String
    let change: @Sendable (inout ClassifierRecipe) -> Void
    var testDescription: String { words }

    init(_ words: String, _ change: @escaping @Sendable (inout ClassifierRecipe) -> Void) {
      self.words = words
      self.change = change
    }
  }

  @Test(arguments: [
    Refusal("epochs is 0") { $0.optimization.epochs = 0 },
    Refusal("batch_size is 0") { $0.optimization.batchSize = 0 },
    Refusal("batch_size is 1") { $0.optimization.batchSize = 1 },
    Refusal("learning_rate is 0") { $0.optimization.learningRate = 0 },
    Refusal("learning_rate is nan") { $0.optimization.learningRate = .nan },
    Refusal("weight_decay") { $0.optimization.weightDecay = -1 },
    Refusal("warm_up") { $0.optimization.warmUp = 2 },
    Refusal("gradient_norm") { $0.optimization.gradientNorm = .infinity },
    Refusal("validate_every") { $0.optimization.validateEvery = 0 },
    Refusal("leave nothing") { ($0.data.validFraction, $0.data.testFraction) = (0.5, 0.5) },
    Refusal("crop_seconds") { $0.data.cropSeconds = -1 },
    Refusal("mixup") { $0.augmentation.mixup = 1.5 },
    Refusal("masks") { $0.augmentation.timeMasks = -1 },
    Refusal("logit_scale") { $0.network.logitScale = 0 },
    Refusal("label_smoothing") { $0.network.labelSmoothing = 1 },
  ])
  func settingsThatMakeNoSense(refusal: Refusal) {
    var recipe = ClassifierRecipe()
    refusal.change(&recipe)
    let error = #expect(throws: Failure.self) { try recipe.validate() }
    #expect(error?.problem.contains(refusal.words) == true, "\(String(describing: error))")
  }

  @Test func objectiveWithoutWeights() {
    var recipe = InterpreterRecipe()
    recipe.objective = .upstream
    recipe.objective.reconstruction = 0
    #expect(throws: Failure.self) { try recipe.validate() }
    recipe.objective.sparsity = -1
    #expect(throws: Failure.self) { try recipe.validate() }
  }
}

/// Single settings: `RecipeFile.set`.
@Suite struct SettingTests {
  /// Every setting of a recipe can be set to what it is, and nothing changes.
  @Test func everySettingCanBeSet() throws {
    func check(_ recipe: some Recipe) throws {
      let text = try RecipeFile.text(recipe)
      var place: [String] = []
      var count = 0
      for line in text.split(separator: "\n") {
        let depth = line.prefix { $0 == " " }.count / 2
        let parts = line.trimmingCharacters(in: .whitespaces).split(separator: ":", maxSplits: 1)
        guard let name = parts.first, !name.hasPrefix("-") else { continue }
        place = place.prefix(depth) + [String(name)]
        guard parts.count == 2 else { continue }
        let setting = place.joined(separator: ".")
        let value = parts[1].trimmingCharacters(in: .whitespaces)
        let changed = try RecipeFile.set("\(setting)=\(value)", in: recipe)
        #expect(try RecipeFile.text(changed) == text, "\(setting)")
        count += 1
      }
      #expect(count > 25)
    }
    try check(ClassifierRecipe())
    try check(InterpreterRecipe())
  }

  @Test func aSettingIsSet() throws {
    let recipe = try RecipeFile.set("optimization.patience=5", in: ClassifierRecipe())
    #expect(recipe.optimization.patience == 5)
    #expect(try RecipeFile.set("data.train_folds=[1, 2]", in: recipe).data.trainFolds == [1, 2])
    #expect(recipe.network == ClassifierRecipe().network)
  }

  @Test(arguments: [
    ("optimization.patience", "no setting=value"), ("optimization.patienc=5", "no setting"),
    ("patience=5", "no setting"), ("optimization.patience=soon", "patience"),
    ("optimization=5", "no list of settings"), ("optimization.patience=[", "not YAML"),
    ("=5", "no setting"),
  ])
  func refusals(assignment: String, words: String) {
    let error = #expect(throws: Failure.self) {
      try RecipeFile.set(assignment, in: ClassifierRecipe())
    }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }
}
