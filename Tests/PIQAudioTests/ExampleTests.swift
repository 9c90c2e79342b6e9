import Foundation
import PIQAudio
import TestSupport
import Testing

/// The Swift examples of README.md and of the DocC articles are built and run here: the text there
/// is the code here, but for `path(_:)`.
@Suite struct ExampleTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Fixtures.path("clips/rooster.ogg"), toPath: folder("clip.wav"))
  }

  /// A path of an example: below the project's folder, or in one of its own.
  private func path(_ name: String) -> String {
    name.hasPrefix("Fixtures/") ? Fixtures.path(String(name.dropFirst(9))) : folder(name)
  }

  @Test func readme() throws {
    // README.md
    let explainer = try AudioExplainer(model: path("Fixtures/models/esc10"))
    let explanation = try explainer.explain(path("Fixtures/clips/rooster.ogg"))
    try explanation.sound.write(to: path("heard.wav"))
    // end
    #expect(explanation.className == "rooster")
    #expect(explanation.probability > 0.9)
    let heard = try Recording.read(path: folder("heard.wav"))
    #expect(heard.samples == explanation.sound.samples)
    #expect(heard.sampleRate == 16000)
  }

  @Test func overview() throws {
    // Sources/PIQAudio/PIQAudio.docc/PIQAudio.md
    let explainer = try AudioExplainer(model: path("Fixtures/models/esc10"))
    let explanation = try explainer.explain(path("clip.wav"))
    try explanation.sound.write(to: path("heard.wav"))
    // end
    let other = try explainer.explain(path("clip.wav"), as: "rain")
    #expect(other.className == "rain")
    #expect(other.interpretation.mask != explanation.interpretation.mask)
    let error = #expect(throws: Failure.self) {
      try explainer.explain(path("clip.wav"), as: "snow")
    }
    #expect(error?.code == .unknownClass)
    #expect(error?.path == path("clip.wav"))
    #expect(throws: SoundFileError.self) { try explainer.explain(path("none.wav")) }
  }

  /// Squares of such samples overflow.
  @Test func tooLoud() throws {
    let samples = (0..<16_000).map { $0 % 100 == 0 ? Float(1e20) : 0 }
    try Recording(samples: samples, sampleRate: 16_000).write(to: path("loud.wav"))
    let explainer = try AudioExplainer(model: path("Fixtures/models/esc10"))
    let error = #expect(throws: Failure.self) { try explainer.explain(path("loud.wav")) }
    #expect(error?.code == .clipTooLoud)
    #expect(error?.path == path("loud.wav"))
  }

  @Test func stepByStep() throws {
    // Sources/PIQAudio/PIQAudio.docc/FromSoundToExplanation.md
    let model = try Model(path: path("Fixtures/models/esc10"))
    let clip = try Recording.read(path: path("clip.wav"))
      .resampled(to: model.configuration.stft.sampleRate)
    let analysis = try model.interpreter.analyze(clip.samples)
    print(model.configuration.labels[analysis.classification.classIndex])

    let method = ExplanationMethod(rawValue: "integrated-gradients") ?? .interpreter
    let explainer = try method.makeExplainer(for: model.interpreter)
    let interpretation = try model.interpreter.interpret(analysis, by: explainer)
    print(interpretation.mask.shape)
    // end
    #expect(interpretation.mask.shape == analysis.logPower.shape)
  }

  @Test func ownMethod() throws {
    let interpreter = try TinyModel.interpreter(TinyModel.configuration())
    let analysis = try interpreter.analyze(TinyModel.clip(1000))
    let explainer = BandExplainer(interpreter, ExplainerSettings())
    let interpretation = try interpreter.interpret(analysis, as: 1, by: explainer)
    #expect(Set(interpretation.mask.elements).count == 2)
    #expect(interpretation.audio.count == 1000)
  }

  @Test(arguments: [
    "README.md", "Sources/PIQAudio/PIQAudio.docc/PIQAudio.md",
    "Sources/PIQAudio/PIQAudio.docc/FromSoundToExplanation.md",
    "Sources/PIQAudio/PIQAudio.docc/AddingAMethod.md",
  ])
  func theTextIsTheCode(document: String) throws {
    let text = try String(contentsOfFile: Fixtures.path("../\(document)"), encoding: .utf8)
    let own = try String(contentsOfFile: #filePath, encoding: .utf8)
    let blocks = text.components(separatedBy: "```swift\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
    let code = own.components(separatedBy: "// \(document)\n").dropFirst().map {
      $0.components(separatedBy: "// end")[0]
        .replacing(/path\(("[^"]*")\)/) { $0.output.1 }
    }
    #expect(!code.isEmpty)
    func lines(_ text: some Collection<String>) -> [String] {
      text.joined(separator: "\n").split(separator: "\n")
        .map { $0.trimmingCharacters(in: .whitespaces) }
        .filter { !$0.isEmpty && $0 != "import PIQAudio" }
    }
    #expect(lines(blocks) == lines(code))
  }
}

// Sources/PIQAudio/PIQAudio.docc/AddingAMethod.md
struct BandExplainer: Explainer {
  static let name = "bands"
  let interpreter: Interpreter

  init(_ interpreter: Interpreter, _ settings: ExplainerSettings) {
    self.interpreter = interpreter
  }

  func explain(
    _ analysis: Analysis, as classIndex: Int, tail: Tail, number: Int
  ) throws -> Explanation {
    let shape = analysis.logPower.shape
    var mask = Tensor(shape: shape)
    for first in stride(from: 0, to: shape[1], by: 32) {
      let band = first..<min(first + 32, shape[1])
      let only = Tensor(
        shape: shape, (0..<mask.count).map { band.contains($0 % shape[1]) ? 1 : 0 })
      let masked = interpreter.frontEnd.masked(analysis.clip, by: only)
      let heard = try interpreter.classifier.analyze(masked).classification
      for i in 0..<mask.count where band.contains(i % shape[1]) {
        mask[flat: i] = heard.probabilities[classIndex]
      }
    }
    return Explanation(mask: mask)
  }
}
// end
