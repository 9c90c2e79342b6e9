import PIQ
import PIQAudioIO
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQModels
import PIQPipeline
import PIQRuns
import TestSupport
import Testing

/// The fingerprint by which a journal tells whether a clip has to be done again.
@Suite struct RunSettingsTests {
  /// A change of each setting, under its name and that of the struct it is in.
  private static let changes: [String: @Sendable (inout ClipProcessor.Settings) throws -> Void] = [
    "classIndex": { $0.classIndex = 3 },
    "method": { $0.method = try #require(ExplanationMethod(rawValue: "saliency")) },
    "explainer": { $0.explainer = ExplainerSettings(steps: 7) },
    "explainer.steps": { $0.explainer.steps = 8 },
    "explainer.seed": { $0.explainer.seed = 9 },
    "explainer.quantile": { $0.explainer.quantile = 0.5 },
    "explainer.samples": { $0.explainer.samples = 7 },
    "explainer.patch": { $0.explainer.patch = Patch(seconds: 1) },
    "explainer.baseline": { $0.explainer.baseline = .mean },
    "tail": { $0.tail = .crop },
    "top": { $0.top = 4 },
    "soundFormat": { $0.soundFormat = try SoundFileFormat(.wav, .pcm16) },
    "extractFolder": { $0.extractFolder = "cuts" },
    "existing": { $0.existing = .skip },
    "windowing": { $0.windowing.scope = .all },
    "windowing.scope": { $0.windowing.scope = .longer(than: 7) },
    "windowing.length": { $0.windowing.length = 4 },
    "windowing.overlap": { $0.windowing.overlap = 1 },
    "windowing.minLevel": { $0.windowing.minLevel = -60 },
    "windowing.only": { $0.windowing.only = [1, 2] },
    "windowing.minProbability": { $0.windowing.minProbability = 0.5 },
    "windowing.outputsAreChosen": { $0.windowing.outputsAreChosen = true },
    "windowing.coversWholeClips": { $0.windowing.coversWholeClips = true },
  ]

  private let model: Model

  init() throws {
    let folder = try TemporaryFolder()
    let imported = try SpeechBrainImport(path: Fixtures.path("small-speechbrain"), name: "small")
    try Model.write(
      imported.configuration, weights: imported.weights, dtype: .float32, to: folder("model"))
    model = try Model(path: folder("model"))
  }

  private func fingerprint(
    _ settings: ClipProcessor.Settings = .init(), _ outputs: [OutputKind] = OutputKind.standard,
    program: String = "piq-audio 1"
  ) throws -> String {
    try RunSettings(model, settings, outputs: outputs, program: program).fingerprint
  }

  /// Fields are listed by reflection: a new one fails here until it has a change above, and there
  /// until it is encoded.
  @Test func everySettingCounts() throws {
    let settings = ClipProcessor.Settings()
    func fields(_ value: Any, _ prefix: String = "") -> [String] {
      Mirror(reflecting: value).children.compactMap { $0.label.map { prefix + $0 } }
    }
    let names =
      fields(settings) + fields(settings.explainer, "explainer.")
      + fields(settings.windowing, "windowing.")
    #expect(Set(names) == Set(Self.changes.keys))
    var seen: Set = [try fingerprint()]
    for (name, change) in Self.changes {
      var changed = ClipProcessor.Settings()
      try change(&changed)
      #expect(seen.insert(try fingerprint(changed)).inserted, "\(name) does not count")
    }
  }

  @Test func soDoModelProgramAndOutputs() throws {
    let standard = try fingerprint()
    #expect(try fingerprint() == standard)
    #expect(try fingerprint(program: "piq-audio 2") != standard)
    #expect(try fingerprint(.init(), [.json]) != standard)
    #expect(standard.contains(model.sha256) && standard.contains(model.settingsSHA256))
  }
}
