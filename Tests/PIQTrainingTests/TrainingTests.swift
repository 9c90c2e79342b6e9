import Foundation
import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQKernels
import PIQModels
import PIQNeuralNetwork
import PIQPlatform
import PIQTensor
import PIQTraining
import TestSupport
import Testing

/// Whole trainings of tiny networks on sounds that are made here.
@Suite struct TrainingTests {
  private let folder = try? TemporaryFolder()

  private func classifier(
    _ recipe: ClassifierRecipe = SyntheticSet.classifierRecipe, in name: String,
    stopAfter steps: Int = .max, resuming: Bool = false, events: (TrainingEvent) -> Void = { _ in }
  ) throws -> TrainingOutcome {
    let files = TrainingFiles(folder: try path(name), name: "classifier")
    let task = try ClassifierTask(
      try recipe.configuration(name: "tiny", labels: SyntheticSet.labels), recipe,
      train: SyntheticSet.clips(perClass: 10, seed: 1),
      valid: SyntheticSet.clips(perClass: 5, seed: 2))
    let run = try TrainingRun(task, recipe, files: files, inputs: "synthetic")
    if resuming { try run.resume() } else { try run.begin() }
    return try run.run(watching: events, shouldStop: { run.stepsDone >= steps })
  }

  private func interpreter(
    of name: String, in other: String, _ recipe: InterpreterRecipe
  ) throws -> Model {
    let model = try Model(path: path(name))
    let configuration = try recipe.configuration(explaining: model.configuration, name: other)
    let task = try InterpreterTask(
      configuration, explaining: model.interpreter, recipe,
      train: SyntheticSet.clips(perClass: 10, seed: 1),
      valid: SyntheticSet.clips(perClass: 2, seed: 2))
    let run = try TrainingRun(
      task, recipe, files: TrainingFiles(folder: try path(other), name: "interpreter"),
      inputs: model.sha256)
    try run.begin()
    _ = try run.run(watching: { _ in }, shouldStop: { false })
    return try Model(path: path(other))
  }

  /// The classifier learns its classes, and the interpreter finds the tone in a mixture of a tone
  /// and noise.
  @Test func toneIsFoundInNoise() throws {
    let outcome = try classifier(in: "classes")
    guard case .finished(let best) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(best.valid?.figures["accuracy"] ?? 0 >= 0.85)
    let model = try interpreter(of: "classes", in: "both", SyntheticSet.interpreterRecipe)
    var random = RandomStream(seed: 3, path: [])
    let frequency = 1000.0
    let noise = random.normal(SyntheticSet.rate / 2)
    let mixture = SyntheticSet.tone(frequency, noise.count).enumerated().map {
      0.5 * $1 + 0.02 * noise[$0]
    }
    let analysis = try model.interpreter.analyze(mixture)
    #expect(model.configuration.labels[analysis.classification.classIndex] == "tone")
    let mask = try model.interpreter.interpret(analysis).mask
    let (frames, bins) = (mask.shape[0], mask.shape[1])
    let bin = Int((frequency / Double(SyntheticSet.rate) * 128).rounded())
    func mean(_ columns: [Int]) -> Double {
      var sum = 0.0
      for t in 8..<frames - 8 { for f in columns { sum += Double(mask[flat: t * bins + f]) } }
      return sum / Double((frames - 16) * columns.count)
    }
    let inside = mean(Array(bin - 1...bin + 1))
    let outside = mean((0..<bins).filter { abs($0 - bin) > 8 })
    #expect(inside > 2 * outside, "\(inside) in the tone, \(outside) elsewhere")
    #expect(inside > 0.5, "\(inside)")
  }

  @Test func sameSeedSameWeights() throws {
    var recipe = SyntheticSet.classifierRecipe
    recipe.optimization.epochs = 2
    _ = try classifier(recipe, in: "one")
    _ = try classifier(recipe, in: "two")
    recipe.seed = 2
    _ = try classifier(recipe, in: "three")
    let weights = try ["one", "two", "three"].map { try contents($0 + "/model.safetensors") }
    #expect(weights[0] == weights[1])
    #expect(weights[0] != weights[2])
  }

  /// What `auto` stood for is kept, whatever this machine would choose now. A CPU without bf16 refuses it,
  /// and keeps f32.
  @Test func resumedTrainingsKeepTheirPrecision() throws {
    let files = TrainingFiles(folder: try path("parts"), name: "classifier")
    var recipe = SyntheticSet.classifierRecipe
    let kept: PrecisionChoice = Precision.bfloat16.isNative ? .bfloat16 : .float32
    recipe.optimization.precision = .bfloat16
    if kept == .float32 { #expect(throws: (any Error).self) { try recipe.validate() } }
    recipe.optimization.precision = kept
    let task = try ClassifierTask(
      try recipe.configuration(name: "tiny", labels: SyntheticSet.labels), recipe,
      train: SyntheticSet.clips(perClass: 10, seed: 1),
      valid: SyntheticSet.clips(perClass: 5, seed: 2))
    let run = try TrainingRun(task, recipe, files: files, inputs: "synthetic")
    try run.begin()
    _ = try run.run(watching: { _ in }, shouldStop: { true })
    recipe.optimization.precision = .auto
    let resumed = try files.choosingPrecision(of: recipe, channels: 8, isResuming: true)
    #expect(resumed.optimization.precision == kept)
    let fresh = try files.choosingPrecision(of: recipe, channels: 8, isResuming: false)
    #expect(fresh.optimization.precision == .float32)
    recipe.optimization.precision = .float32
    let named = try files.choosingPrecision(of: recipe, channels: 8, isResuming: true)
    #expect(named.optimization.precision == .float32)
  }

  /// Wherever it stops, going on gives what an uninterrupted training gives.
  @Test(arguments: [1, 5, 7]) func stoppedAndResumed(steps: Int) throws {
    var recipe = SyntheticSet.classifierRecipe
    recipe.optimization.epochs = 3
    recipe.optimization.schedule = .plateau
    recipe.optimization.firstPlateauEpoch = 1
    recipe.optimization.patience = 0
    _ = try classifier(recipe, in: "whole")
    let stopped = try classifier(recipe, in: "parts", stopAfter: steps)
    #expect(stopped == .stopped(epoch: (steps - 1) / 5 + 1, step: (steps - 1) % 5 + 1))
    let finished = try classifier(recipe, in: "parts", resuming: true)
    guard case .finished = finished else {
      Issue.record("\(finished)")
      return
    }
    for file in ["model.safetensors", "model.json"] {
      #expect(try contents("whole/" + file) == contents("parts/" + file), "\(file)")
    }
    let checkpoint = "/training/classifier.checkpoint.safetensors"
    let one = try SafetensorsFile(path: path("whole" + checkpoint))
    let other = try SafetensorsFile(path: path("parts" + checkpoint))
    #expect(one.names == other.names)
    for name in one.names { #expect(try one.floats(name) == other.floats(name), "\(name)") }
  }

  @Test func logHasALineAnEpoch() throws {
    var recipe = SyntheticSet.classifierRecipe
    recipe.optimization.epochs = 3
    recipe.optimization.validateEvery = 2
    _ = try classifier(recipe, in: "log")
    let lines = String(decoding: try contents("log/training/classifier.jsonl"), as: UTF8.self)
      .split(separator: "\n")
    let records = try lines.map {
      try JSONDecoder().decode(TrainingRecord.self, from: Data($0.utf8))
    }
    #expect(records.map(\.epoch) == [1, 2, 3])
    // The last epoch is always judged.
    #expect(records.map { $0.valid != nil } == [false, true, true])
    #expect(try contents("log/training/classifier.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
    let recipePath = try path("log/training/classifier.yaml")
    #expect(try RecipeFile.read(recipePath, over: ClassifierRecipe()) == recipe)
  }

  /// The objective of the paper alone works, too.
  @Test func upstreamObjective() throws {
    var recipe = SyntheticSet.classifierRecipe
    recipe.optimization.epochs = 1
    _ = try classifier(recipe, in: "base")
    var second = SyntheticSet.interpreterRecipe
    second.objective = .upstream
    second.optimization.epochs = 1
    _ = try interpreter(of: "base", in: "upstream", second)
    let line = String(
      decoding: try contents("upstream/training/interpreter.jsonl"), as: UTF8.self)
    let record = try JSONDecoder().decode(TrainingRecord.self, from: Data(line.utf8))
    #expect(Set(record.terms.keys) == ["reconstruction", "codebook", "commitment"])
    #expect(abs(record.loss - record.terms.values.reduce(0, +)) < 1e-5)
  }

  // MARK: Refusals

  @Test func divergence() throws {
    var recipe = SyntheticSet.classifierRecipe
    recipe.optimization.learningRate = 1e30
    recipe.optimization.schedule = .constant
    recipe.optimization.gradientNorm = 0
    let error = #expect(throws: Failure.self) { try classifier(recipe, in: "wild") }
    #expect(error?.problem.contains("diverged in epoch 1") == true, "\(String(describing: error))")
  }

  @Test func resumingWhatIsNotThereOrDiffers() throws {
    var recipe = SyntheticSet.classifierRecipe
    recipe.optimization.epochs = 1
    let missing = #expect(throws: Failure.self) {
      try classifier(recipe, in: "none", resuming: true)
    }
    #expect(missing?.problem.contains("nothing to resume") == true)
    _ = try classifier(recipe, in: "some")
    recipe.optimization.learningRate = 1e-3
    let differs = #expect(throws: Failure.self) {
      try classifier(recipe, in: "some", resuming: true)
    }
    #expect(
      differs?.problem.contains("optimization.learning_rate was 0.005 and is 0.001") == true,
      "\(String(describing: differs))")
    let path = try path("some/training/classifier.checkpoint.safetensors")
    try Safetensors.write([], to: path)
    let foreign = #expect(throws: Failure.self) {
      try classifier(recipe, in: "some", resuming: true)
    }
    #expect(foreign?.problem.contains("no checkpoint") == true)
    try Data("rubbish".utf8).write(to: URL(filePath: path))
    #expect(throws: Failure.self) { try classifier(recipe, in: "some", resuming: true) }
  }

  @Test func tooFewKeys() throws {
    let configuration = try SyntheticSet.classifierRecipe.configuration(
      name: "tiny", labels: SyntheticSet.labels)
    var recipe = SyntheticSet.interpreterRecipe
    recipe.network.keyCount = 2
    let error = #expect(throws: Failure.self) {
      try recipe.configuration(explaining: configuration, name: "x")
    }
    #expect(error?.problem.contains("without one") == true, "\(String(describing: error))")
  }

  private func contents(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: path(name)))
  }

  private func path(_ name: String) throws -> String {
    let folder = try #require(folder)
    return folder(name)
  }
}
