import Foundation
import PIQ
import PIQClassifiers
import PIQDatasets
import PIQEvaluation
import PIQExplanations
import PIQModels
import PIQPlatform
import PIQPlotting
import PIQTensor
import TestSupport
import Testing

@Suite struct EvaluatorTests {
  private let folder: TemporaryFolder
  private let model: Model
  private let data: Dataset

  /// Three clips under two of the model's classes.
  init() throws {
    folder = try TemporaryFolder()
    model = try Model(
      path: SmallModel.partitioned.importModel(into: folder) { $0.normalize = .peak })
    let labels = model.configuration.labels
    let table =
      "filename,category\n"
      + [("dog_bark.flac", 0), ("clock_tick.wav", 1), ("rooster.ogg", 0)]
      .map { "\($0),\(labels[$1])\n" }.joined()
    data = try Dataset(
      path: try folder.write(table, to: "clips.csv"), audioFolder: Fixtures.path("clips"))
  }

  private func evaluate(
    _ method: ExplanationMethod, _ sets: [EvaluationSet] = [.inDistribution],
    seed: UInt64 = 0, change: (inout EvaluationSettings) -> Void = { _ in }
  ) throws -> Evaluation {
    var settings = EvaluationSettings()
    (settings.method, settings.sets) = (method, sets)
    settings.explainer = ExplainerSettings(steps: 2, seed: seed)
    change(&settings)
    return try Evaluator(model, settings).evaluate(data) { _, _, _ in }
  }

  /// Nothing is lost but the last frames.
  @Test func aMaskOfOnesIsNearlyNeutral() throws {
    let evaluation = try evaluate(.named("ones"))
    let summary = evaluation.sets[0].summary
    #expect(summary.overall[.fidelity]?.value == 1)
    #expect(try #require(summary.overall[.averageDrop]?.value) < 3)
    #expect(summary.overall[.meanMask]?.value == 1)
    #expect(summary.overall[.sparseness]?.value == 0)
    // The first clip has 431 frames of 513 bins, and the mask covers 417.
    let entropy = try #require(evaluation.measurements[0].values[.complexity])
    #expect(abs(entropy - log(417.0 * 513)) < 1e-6)
  }

  @Test(arguments: ExplanationMethod.allCases.filter { $0.rawValue != "amt" })
  func everyMethodMasksBetweenZeroAndOne(method: ExplanationMethod) throws {
    let evaluation = try evaluate(method)
    #expect(evaluation.measurements.count == 3)
    for measurement in evaluation.measurements {
      let mean = try #require(measurement.values[.meanMask])
      #expect(mean > 0 && mean <= 1)
      #expect(measurement.values.values.allSatisfy { $0.isFinite })
      #expect(measurement.values.count == Metric.allCases.count)
    }
  }

  @Test func theSeedDecides() throws {
    let sets: [EvaluationSet] = [.mixtures, .whiteNoise]
    func values(_ seed: UInt64) throws -> [MetricValues] {
      try evaluate(.named("random"), sets, seed: seed).measurements.map(\.values)
    }
    let first = try values(3)
    #expect(first.count == 9)
    #expect(try values(3) == first)
    #expect(try values(4) != first)
  }

  @Test func aSetDoesNotChangeAnother() throws {
    let alone = try evaluate(.interpreter, [.whiteNoise]).measurements
    let all = try evaluate(.interpreter, EvaluationSet.allCases).measurements
    #expect(all.filter { $0.set == .whiteNoise }.map(\.values) == alone.map(\.values))
  }

  @Test func aLogitScaleChangesProbabilitiesOnly() throws {
    let own = try evaluate(.interpreter)
    let sharp = try evaluate(.interpreter) { $0.logitScale = 50 }
    #expect(sharp.classification.confusion == own.classification.confusion)
    #expect(
      sharp.sets[0].summary.overall[.fidelity] == own.sets[0].summary.overall[.fidelity])
    #expect(sharp.measurements[0].probabilities.max() != own.measurements[0].probabilities.max())
    let same = try evaluate(.interpreter) { $0.logitScale = model.configuration.logitScale }
    #expect(same.measurements.map(\.values) == own.measurements.map(\.values))
  }

  @Test func theUsualSumsAddUp() throws {
    let evaluation = try evaluate(.named("ones"))
    #expect(evaluation.classification.confusion.joined().reduce(0, +) == 3)
    let right = evaluation.measurements.count { $0.label == $0.predicted }
    #expect(evaluation.classification.accuracy.value == Double(right) / 3)
    let summary = evaluation.sets[0].summary
    #expect(summary.perClass.map(\.count) == [2, 1])
    #expect(summary.perClass.map(\.label) == [0, 1])
  }

  @Test func filesHoldAll() throws {
    let evaluation = try evaluate(.named("random"), [.inDistribution, .mixtures])
    let paths = try evaluation.write(to: folder("out/here"))
    #expect(
      paths.map { ($0 as NSString).lastPathComponent } == [
        "evaluation.json", "clips.csv", "confusion.csv", "confusion.png",
      ])
    let rows = try CSV.rows(of: Data(contentsOf: URL(filePath: paths[1])))
    #expect(rows.count == 1 + 3 + 6)
    #expect(rows.allSatisfy { $0.fields.count == 6 + Metric.allCases.count })
    let confusion = try CSV.rows(of: Data(contentsOf: URL(filePath: paths[2])))
    #expect(confusion[0].fields == ["category"] + model.configuration.labels)
    let sum = confusion.dropFirst().flatMap { $0.fields.dropFirst().compactMap { Int($0) } }
    #expect(sum.reduce(0, +) == 3)
  }

  @Test func mixturesNeedTwoClips() throws {
    let one = try Dataset(
      path: try folder.write(
        "filename,category\ndog_bark.flac,\(data.clips[0].category)\n", to: "one.csv"),
      audioFolder: Fixtures.path("clips"))
    let error = #expect(throws: Failure.self) {
      try Evaluator(model, EvaluationSettings()).evaluate(one) { _, _, _ in }
    }
    #expect(error?.code == .noMixtures)
  }
}

extension ExplanationMethod {
  fileprivate static func named(_ name: String) throws -> ExplanationMethod {
    try #require(ExplanationMethod(rawValue: name))
  }
}
