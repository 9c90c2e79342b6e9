import Foundation
import PIQ
import PIQAudioIO
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQModels
import PIQPipeline
import PIQPlatform
import PIQRuns
import PIQTensor
import TestSupport
import Testing

/// Clips through the small model, all the way to files.
@Suite(.serialized) struct ClipProcessorTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Interprets one file and gives the paths of what was written.
  @discardableResult
  private func interpret(
    _ path: String, to out: String = "out", normalize: Normalization = .none,
    kinds: [OutputKind] = OutputKind.ofClips,
    _ change: (inout ClipProcessor.Settings) throws -> Void = { _ in }
  ) throws -> (outcome: ClipOutcome, outputs: [String: String]) {
    var settings = ClipProcessor.Settings()
    try change(&settings)
    let suffixes = kinds.map { ($0.name, $0.suffix(settings.soundFormat.format)) }
    let jobs = try RunPlan(
      InputExpansion(named: [path]).inputs, suffixes: Dictionary(uniqueKeysWithValues: suffixes),
      folder: folder(out)
    ).jobs
    let job = try #require(jobs.first)
    let model = try SmallModel.partitioned.importModel(into: folder) { $0.normalize = normalize }
    let processor = ClipProcessor(try Model(path: model), settings)
    return (try processor.interpret(job), job.outputs)
  }

  private func clip(_ name: String = "clip.wav", count: Int = 9000) throws -> String {
    try folder.write(wavFile(sound(count), rate: 16_000, channels: 1), to: name)
  }

  private func audio(_ outputs: [String: String], _ kind: OutputKind = .audio) throws -> [Float] {
    try Recording.read(path: #require(outputs[kind.name])).samples
  }

  private func arrays(_ outputs: [String: String]) throws -> [String: NPZArray] {
    try NPZ.read(path: #require(outputs["arrays"]))
  }

  @Test func allOutputsAreWritten() throws {
    let path = try clip()
    let (outcome, outputs) = try interpret(path, to: "new/deep")
    let names = ["wav", "png", "npz", "json"].map { "clip.interpretation.\($0)" }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder("new/deep")).sorted()
        == (names + ["clip.residual.wav"]).sorted())
    let timed = try #require(outcome.timed)
    #expect(timed.report.outputs == outputs)
    #expect(Set(timed.seconds.keys) == ["decode", "classify", "interpret", "write", "total"])
    let png = try Data(contentsOf: URL(filePath: #require(outputs["spectrogram"])))
    #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
  }

  /// 9000 samples are 49 frames: two rows of codes when padded, one when cropped.
  @Test(arguments: [(Tail.keep, 49, 9000, 2), (.crop, 33, 32 * 186, 1)])
  func arraysHaveTheirShapes(tail: Tail, frames: Int, samples: Int, rows: Int) throws {
    let (_, outputs) = try interpret(clip(), kinds: [.arrays, .audio]) { $0.tail = tail }
    let arrays = try arrays(outputs)
    let shapes = arrays.mapValues(\.shape)
    #expect(
      shapes == [
        "logspec": [49, 513], "mask": [frames, 513], "interpretation": [frames, 513],
        "logits": [10], "probabilities": [10], "audio": [samples], "codes": [rows, 16],
        "embedding": [8],
        "sample_rate": [], "n_fft": [], "hop_length": [], "win_length": [], "level": [],
      ])
    let integers = ["codes", "hop_length", "n_fft", "sample_rate", "win_length"]
    for (name, array) in arrays {
      if case .int64(let array) = array {
        #expect(integers.contains(name))
        if name == "hop_length" { #expect(array.values == [186]) }
      } else {
        #expect(!integers.contains(name))
      }
    }
    guard case .float32(let sound) = try #require(arrays["audio"]) else {
      Issue.record("the sound is not of floats")
      return
    }
    #expect(try audio(outputs) == sound.elements)
  }

  @Test func theTailDoesNotChangeTheClassification() throws {
    let path = try clip()
    let kept = try arrays(interpret(path).outputs)
    let cropped = try arrays(interpret(path) { $0.tail = .crop }.outputs)
    for name in ["logspec", "logits", "probabilities"] { #expect(kept[name] == cropped[name]) }
  }

  @Test func theReportIsJSON() throws {
    let path = try clip()
    let (_, outputs) = try interpret(path) { $0.top = 4 }
    let json = try Data(contentsOf: URL(filePath: #require(outputs["json"])))
    #expect(json.last == UInt8(ascii: "\n"))
    let object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    #expect(
      object.keys.sorted() == [
        "channels", "duration", "index", "input", "label", "method", "model", "normalize",
        "outputs", "precision", "probability", "region", "sample_rate", "stft", "top",
      ])
    let report = try JSONDecoder().decode(ClipReport.self, from: json)
    #expect(report.input == path)
    #expect(report.sampleRate == 16_000)
    #expect(report.channels == 1)
    #expect(report.duration == 9000.0 / 16_000)
    #expect(report.top.count == 4)
    #expect(report.top.first?.label == report.label)
    #expect(report.top.first?.probability == report.probability)
    #expect(report.model.name == "small")
    #expect(report.model.sha256.count == 64)
    let stft = try #require(object["stft"] as? [String: Int])
    #expect(
      stft == ["sample_rate": 16_000, "n_fft": 1024, "hop_length": 186, "win_length": 372])
    #expect(object["normalize"] as? String == "none")
    #expect(report.outputs == outputs)
  }

  @Test func theResidualIsTheRest() throws {
    let (_, outputs) = try interpret(clip())
    let (input, masked) = (sound(9000), try audio(outputs))
    let residual = try audio(outputs, .residual)
    try #require(residual.count == input.count && masked.count == input.count)
    #expect(input.indices.allSatisfy { residual[$0] == input[$0] - masked[$0] })
    #expect(residual.contains { $0 != 0 } && masked.contains { $0 != 0 })
  }

  @Test(arguments: AudioFormat.allCases)
  func sameInputSameBytes(format: AudioFormat) throws {
    let path = try clip()
    func files() throws -> [String: Data] {
      let (_, outputs) = try interpret(path) { $0.soundFormat = .init(defaultsOf: format) }
      return try outputs.mapValues { try Data(contentsOf: URL(filePath: $0)) }
    }
    let first = try files()
    #expect(first.count == OutputKind.ofClips.count)
    #expect(try files() == first)
  }

  @Test func stereoAt44kHzComesBackAtItsOwnLevel() throws {
    // The right channel is a quarter of the left one: their mean is 5/8 of it.
    let left = sound(22_050, rate: 44_100)
    func masked(_ factor: Float) throws -> [Float] {
      let frames = left.flatMap { [$0 * factor, $0 * factor / 4] }
      let path = try folder.write(
        wavFile(frames, rate: 44_100, channels: 2), to: "stereo-\(factor).wav")
      let (outcome, outputs) = try interpret(path, normalize: .peak)
      let timed = try #require(outcome.timed)
      #expect(timed.report.sampleRate == 44_100)
      #expect(timed.report.channels == 2)
      #expect(timed.report.duration == 0.5)
      #expect(try Recording.read(path: #require(outputs["audio"])).sampleRate == 16_000)
      return try audio(outputs)
    }
    let (loud, soft) = (try masked(1), try masked(0.125))
    #expect(loud.count == 8000)
    #expect(soft == loud.map { $0 * 0.125 })
    let mean = Resampler(from: 44_100, to: 16_000).resample(left.map { $0 * 5 / 8 })
    func energy(_ samples: [Float]) -> Float { samples.reduce(0) { $0 + $1 * $1 } }
    #expect(energy(loud) > 0.01 * energy(mean))
    #expect(energy(loud) < 1.01 * energy(mean))
  }

  @Test(arguments: ["two\nlines.wav", "ü 日本 🦉.wav", "-dash.wav", "a.b.c.wav", "no extension"])
  func oddNames(name: String) throws {
    let (outcome, outputs) = try interpret(clip(name))
    for path in outputs.values { #expect(FileManager.default.fileExists(atPath: path)) }
    let line = try outcome.json(of: ClipInput(path: folder(name), stem: "clip"))
    #expect(!line.contains("\n"))
    let report = try JSONDecoder().decode(ClipReport.self, from: Data(line.utf8))
    #expect(report.input == folder(name))
  }

  @Test func whatExistsAlready() throws {
    let path = try clip()
    let (_, outputs) = try interpret(path, kinds: [.audio, .json])
    let json = try #require(outputs["json"])
    try Data("mine".utf8).write(to: URL(filePath: json))
    func text() throws -> String { try String(contentsOfFile: json, encoding: .utf8) }

    let skipped = try interpret(path, kinds: [.audio, .json]) { $0.existing = .skip }
    #expect(skipped.outcome.isSkipped)
    #expect(try text() == "mine")
    let error = #expect(throws: Failure.self) {
      try interpret(path, kinds: [.audio, .json]) { $0.existing = .fail }
    }
    #expect(error?.code == .outputExists)
    #expect(error?.problem == "exists already")
    #expect(try text() == "mine")
    // One output is missing: the clip is not done, and skip does it again.
    try FileManager.default.removeItem(atPath: #require(outputs["audio"]))
    let done = try interpret(path, kinds: [.audio, .json]) { $0.existing = .skip }
    #expect(!done.outcome.isSkipped)
    #expect(try text() != "mine")
    try Data("mine".utf8).write(to: URL(filePath: json))
    try interpret(path, kinds: [.audio, .json])
    #expect(try text() != "mine")
  }

  @Test func failuresLeaveNothing() throws {
    let short = try clip("short.wav", count: 1000)
    let tooShort = #expect(throws: Failure.self) { try interpret(short) { $0.tail = .crop } }
    #expect(tooShort?.description.hasPrefix("\(short): the clip has 6 frames") == true)
    let text = try folder.write("not a sound", to: "text.wav")
    for path in [text, folder("missing.wav")] {
      let error = #expect(throws: SoundFileError.self) { try interpret(path) }
      #expect(error?.description.hasPrefix(path + ": ") == true)
    }
    // The folder may have been made, but nothing is in it.
    let contents = try? FileManager.default.contentsOfDirectory(atPath: folder("out"))
    #expect(contents ?? [] == [])
  }

  @Test func classifyingWritesNothing() throws {
    let path = try clip()
    let processor = ClipProcessor(
      try Model(path: SmallModel.partitioned.importModel(into: folder)), .init())
    let before = try folder.contents()
    var windows: [WindowClassification] = []
    let job = ClipJob(input: ClipInput(path: path, stem: "clip"), suffixes: [:], base: "")
    let outcome = try processor.classify(job) { windows.append($0) }
    #expect(try folder.contents() == before)
    let timed = try #require(outcome.timed)
    let probabilities = try #require(timed.report.probabilities)
    #expect(windows.map(\.probabilities) == [probabilities] && probabilities.count == 10)
    #expect(probabilities.max() == timed.report.probability)
    #expect(timed.report.outputs.isEmpty)
    let interpreted = try #require(interpret(path).outcome.timed)
    #expect(interpreted.report.top == timed.report.top)
  }

  @Test func anotherClassIsExplained() throws {
    let (outcome, outputs) = try interpret(clip()) { $0.classIndex = 9 }
    let timed = try #require(outcome.timed)
    #expect(timed.report.index == 9)
    #expect(timed.report.label == "fire_crackling")
    guard case .int64(let codes) = try #require(arrays(outputs)["codes"]) else {
      Issue.record("codes are not integers")
      return
    }
    let owners = try ClassPartition(keyCount: 40, classCount: 10, sharedKeys: 0).owners
    #expect(codes.values.allSatisfy { owners[Int($0)] == 9 })
  }
}
