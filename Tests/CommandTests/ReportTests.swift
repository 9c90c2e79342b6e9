import Foundation
import PIQAudioIO
import PIQCheckpoints
import PIQTensor
import Testing

/// What is said on standard output, and what the files hold.
@Suite struct ReportTests {
  static let clip = Program.fixture("clips/clock_tick.wav")

  private static let keys: Set = [
    "input", "label", "index", "probability", "top", "model", "sample_rate", "channels",
    "duration", "outputs",
  ]

  @Test func jsonOfInterpret() throws {
    let space = try Workspace()
    let outcome = try space.run(["interpret", "--json", "--top", "4", "-o", "out", Self.clip])
    outcome.expectSuccess()
    #expect(outcome.outputLines.count == 1)
    let report = try #require(try outcome.objects().first)
    #expect(
      Set(report.keys)
        == Self.keys.union(["seconds", "stft", "normalize", "method", "precision", "region"]))
    #expect(report["input"] as? String == Self.clip)
    let top = try #require(report["top"] as? [[String: Any]])
    #expect(top.count == 4)
    #expect(top.allSatisfy { Set($0.keys) == ["label", "probability"] })
    let probabilities = top.compactMap { $0["probability"] as? Double }
    #expect(probabilities == probabilities.sorted(by: >))
    #expect(report["label"] as? String == top[0]["label"] as? String)
    #expect(report["probability"] as? Double == probabilities[0])
    let model = try #require(report["model"] as? [String: String])
    #expect(Set(model.keys) == ["name", "sha256"])
    #expect(model["sha256"]?.count == 64)
    let outputs = try #require(report["outputs"] as? [String: String])
    #expect(
      outputs == [
        "audio": "out/clock_tick.interpretation.wav",
        "spectrogram": "out/clock_tick.interpretation.png",
        "arrays": "out/clock_tick.interpretation.npz",
        "json": "out/clock_tick.interpretation.json",
      ])
    #expect(Set(outputs.values) == Set(space.files))
    let seconds = try #require(report["seconds"] as? [String: Double])
    #expect(
      Set(seconds.keys).isSuperset(of: ["decode", "classify", "interpret", "write", "total"]))
    #expect(seconds.values.allSatisfy { $0 >= 0 })
    // The file holds the same, but for the time.
    var withoutSeconds = report
    withoutSeconds["seconds"] = nil
    let file = try space.json("out/clock_tick.interpretation.json")
    #expect(NSDictionary(dictionary: withoutSeconds) == NSDictionary(dictionary: file))
  }

  @Test func arraysAgreeWithTheReport() throws {
    let space = try Workspace()
    let outcome = try space.run(["interpret", "--json", Self.clip])
    let report = try #require(try outcome.objects().first)
    let arrays = try NPZ.read(path: space.file("clock_tick.interpretation.npz"))
    #expect(
      Set(arrays.keys) == [
        "logspec", "mask", "interpretation", "logits", "probabilities", "audio", "codes",
        "embedding",
        "sample_rate", "n_fft", "hop_length", "win_length", "level",
      ])
    guard case .float32(let audio)? = arrays["audio"], case .int64(let codes)? = arrays["codes"],
      case .float32(let probabilities)? = arrays["probabilities"],
      case .float32(let mask)? = arrays["mask"], case .float32(let logspec)? = arrays["logspec"]
    else {
      Issue.record("an array is of another type: \(arrays)")
      return
    }
    #expect(mask.shape == logspec.shape)
    #expect(mask.shape.last == 513)
    #expect(codes.shape.count == 2)
    let index = try #require(report["index"] as? Int)
    let probability = try #require(report["probability"] as? Double)
    #expect(probabilities.elements[index] == Float(probability))
    let sound = try Recording.read(path: space.file("clock_tick.interpretation.wav"))
    #expect(sound.samples == audio.elements)
  }

  @Test func csvOfClassify() throws {
    let space = try Workspace()
    let names = ["a,b.wav", "say \"hi\".wav", "two\nlines.wav", "plain.wav", "cr\r.wav"]
    for name in names { try space.writeGoodClip(name) }
    let outcome = try space.run(["classify", "--csv", "--"] + names)
    outcome.expectSuccess()
    let rows = csvRows(outcome.output)
    #expect(rows.count == names.count + 1)
    #expect(rows[0].prefix(6) == ["input", "label", "index", "probability", "dog_bark", "rain"])
    #expect(rows.dropFirst().map { $0[0] } == names)
    for row in rows.dropFirst() {
      #expect(row.count == rows[0].count)
      let index = try #require(Int(row[2]))
      #expect(row[1] == rows[0][4 + index])
      #expect(row[3] == row[4 + index])
      #expect(abs(row.dropFirst(4).compactMap(Double.init).reduce(0, +) - 1) < 1e-5)
    }
  }

  /// Rows of CSV as RFC 4180 defines it, read byte by byte.
  private func csvRows(_ text: String) -> [[String]] {
    var (rows, row, field): ([[String]], [String], [UInt8]) = ([], [], [])
    var isQuoted = false
    var wasQuote = false
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""):
        // A second one in a row stands for itself.
        if wasQuote && !isQuoted { field.append(byte) }
        isQuoted.toggle()
      case UInt8(ascii: ",") where !isQuoted:
        row.append(String(decoding: field, as: UTF8.self))
        field = []
      case UInt8(ascii: "\n") where !isQuoted:
        rows.append(row + [String(decoding: field, as: UTF8.self)])
        (row, field) = ([], [])
      default: field.append(byte)
      }
      wasQuote = byte == UInt8(ascii: "\"") && !isQuoted
    }
    return rows
  }

  @Test func jsonOfClassifyAndSpectrogram() throws {
    let space = try Workspace()
    try space.writeGoodClip()
    let classified = try #require(
      try space.run(["classify", "--json", "good.wav"]).objects().first)
    #expect(Set(classified.keys) == Self.keys.union(["seconds"]))
    #expect(space.files == ["good.wav"])
    let interpreted = try #require(
      try space.run(["interpret", "--json", "good.wav"]).objects().first)
    for key in ["label", "index", "probability", "duration"] {
      #expect("\(classified[key] ?? "")" == "\(interpreted[key] ?? "")")
    }
    let drawn = try space.run(["spectrogram", "--json", "-o", "pictures", "good.wav"])
    drawn.expectSuccess()
    let picture = "pictures/good.spectrogram.png"
    #expect(
      try drawn.objects().first?["outputs"] as? [String: String] == ["spectrogram": picture])
    #expect(try space.bytes(picture).prefix(4) == [0x89, 0x50, 0x4E, 0x47])
  }

  @Test func tableForPeople() throws {
    let space = try Workspace()
    for name in ["a.wav", "b.wav"] { try space.writeGoodClip(name) }
    let outcome = try space.run(["interpret", "-o", "out", "a.wav", "b.wav"])
    outcome.expectSuccess()
    #expect(outcome.outputLines.count == 3)
    #expect(outcome.outputLines[0].contains("%  a.wav"))
    #expect(outcome.outputLines[2].hasPrefix("Wrote 8 files to out"))
  }

  @Test func quietAndVerbose() throws {
    let space = try Workspace()
    try space.write("cut.ogg", firstHalf(ofClip: "rooster.ogg"))
    let arguments = ["interpret", "--outputs", "json", "cut.ogg"]
    #expect(try space.run(arguments).errorLines.count == 1)
    let quiet = try space.run(arguments + ["-q"])
    #expect(quiet.status == 0)
    #expect(quiet.errors == "")
    let verbose = try space.run(arguments + ["-v"])
    #expect(verbose.errorLines.count == 2)
    #expect(verbose.errors.contains(" ms"))
    #expect(try space.run(["classify", "-q", "gone.wav"]).errorLines.count == 1)
  }

  @Test(arguments: [[:], ["NO_COLOR": "1"], ["TERM": "xterm-256color", "COLORTERM": "truecolor"]])
  func noEscapeCodesInPipes(environment: [String: String]) throws {
    let space = try Workspace()
    try space.writeGoodClip()
    let outcome = try space.run(
      ["interpret", "--outputs", "json", "good.wav", "gone.wav"], environment: environment)
    #expect(outcome.status == 1)
    #expect(!(outcome.output + outcome.errors).contains { $0 == "\u{1B}" || $0 == "\r" })
  }
}
