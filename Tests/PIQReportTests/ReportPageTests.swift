import Foundation
import PIQAudioIO
import PIQPipeline
import PIQReport
import TestSupport
import Testing

/// What of a run is on the page, and what is said of what is missing.
@Suite struct ReportPageTests {
  @Test func aWholeClip() throws {
    let run = try SampleRun()
    let (page, blocks) = try makePage([run.add("night/owl")], title: "Owls", in: run)
    #expect(blocks[0].errors.isEmpty && !blocks[0].lacksOriginal)
    #expect(page.contains("<title>Owls</title>"))
    #expect(page.contains("<bdi>night/owl</bdi>"))
    #expect(page.contains("75.0 %"))
    let info = try self.info(page)
    // The residual is made from these two.
    #expect(info["sounds"] as? [String] == ["original", "interpretation"])
    #expect(info["notes"] as? [String] == [])
    let axes = try #require(info["axes"] as? [String: Any])
    let (start, step) = (axes["start"] as? Double ?? 0, axes["perSecond"] as? Double ?? 0)
    #expect(abs(start - 0.5 / 11) < 1e-9)
    #expect(abs(start + step * Double(10 * 186) / 16_000 - 10.5 / 11) < 1e-9)
    for name in ["panel-input", "panel-mask", "panel-interpretation"] {
      #expect(try bytes(name, page).starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }
    #expect(try difference(sound("original", page), SampleRun.original) <= 0.5 / 32768)
    #expect(try difference(sound("interpretation", page), SampleRun.interpretation) <= 0.5 / 32768)
  }

  @Test func theSameBytes() throws {
    let run = try SampleRun()
    let clips = try [run.add("b"), run.add("a", label: "dog", probability: 0.5)]
    #expect(try makePage(clips, in: run).text == makePage(clips, in: run).text)
  }

  @Test func withoutTheOriginal() throws {
    let run = try SampleRun()
    let (page, blocks) = try makePage([run.add("a", [.audio, .arrays])], in: run)
    #expect(blocks[0].lacksOriginal && blocks[0].errors.isEmpty)
    let info = try self.info(page)
    #expect(info["sounds"] as? [String] == ["interpretation"])
    let note = "The original sound was not found. Make the report in the folder of"
    #expect(try notes(page).contains(note))
  }

  @Test func theResidualMakesUpForTheOriginal() throws {
    let run = try SampleRun()
    let (page, blocks) = try makePage([run.add("a", [.audio, .arrays, .residual])], in: run)
    #expect(!blocks[0].lacksOriginal && blocks[0].errors.isEmpty)
    #expect(try info(page)["sounds"] as? [String] == ["interpretation", "residual"])
    #expect(try notes(page) == "")
  }

  @Test func theResidualMakesUpForTheInterpretation() throws {
    let run = try SampleRun()
    let page = try makePage([run.add("a", [.original, .arrays, .residual])], in: run).text
    #expect(try info(page)["sounds"] as? [String] == ["original", "residual"])
    #expect(try notes(page) == "")
  }

  @Test func anotherSoundInTheOriginalsPlace() throws {
    let run = try SampleRun()
    let clip = try run.add("a")
    try Recording(samples: [0, 0.5, 0], sampleRate: 16_000).write(to: clip.report.input)
    let (page, blocks) = try makePage([clip], in: run)
    #expect(blocks[0].lacksOriginal && blocks[0].errors.isEmpty)
    #expect(try notes(page).contains("there is another one"))
  }

  @Test func pipesAreNotWaitedFor() throws {
    let run = try SampleRun()
    let clip = try run.add("a")
    try FileManager.default.removeItem(atPath: clip.report.input)
    #expect(mkfifo(clip.report.input, 0o600) == 0)
    #expect(try makePage([clip], in: run).blocks[0].lacksOriginal)
  }

  @Test func withoutArrays() throws {
    let run = try SampleRun()
    let (page, blocks) = try makePage([run.add("a", [.original, .audio, .picture])], in: run)
    #expect(blocks[0].errors.isEmpty)
    #expect(try info(page)["axes"] == nil)
    #expect(try bytes("figure", page) == [0x89, 0x50, 0x4E, 0x47, 1, 2, 3])
    let none = try makePage([run.add("b", [.original, .audio])], in: run).text
    #expect(try notes(none).contains("Neither arrays (.npz) nor a picture"))
  }

  @Test func withoutAnySound() throws {
    let run = try SampleRun()
    let page = try makePage([run.add("a", [.arrays])], in: run).text
    #expect(try info(page)["sounds"] as? [String] == [])
    // The rate is that of the arrays' samples over the clip's seconds.
    let axes = try #require(try info(page)["axes"] as? [String: Any])
    #expect(abs((axes["start"] as? Double ?? 0) - 0.5 / 11) < 1e-9)
  }

  @Test func whatCannotBeUsedIsToldOfAndLeftOut() throws {
    let run = try SampleRun()
    let clip = try run.add("a")
    for ending in ["wav", "npz", "png"] {
      try run.folder.write("broken", to: "results/a.interpretation.\(ending)")
    }
    let (page, blocks) = try makePage([clip], in: run)
    #expect(blocks[0].errors.count == 3)
    for error in blocks[0].errors {
      #expect("\(error)".contains("results/a.interpretation.") && "\(error)".contains("; "))
    }
    #expect(try info(page)["sounds"] as? [String] == ["original"])
    #expect(try notes(page).contains("holds no sound"))
  }

  @Test func loudSoundsAreTakenDownTogether() throws {
    let run = try SampleRun()
    let page = try makePage([run.add("a", scale: 8)], in: run).text
    let peak = try #require(SampleRun.original.map(\.magnitude).max())
    let expected = SampleRun.interpretation.map { $0 / peak }
    #expect(try difference(sound("interpretation", page), expected) <= 1 / 32768)
  }

  @Test func textForPeople() throws {
    let run = try SampleRun()
    let page = try makePage([run.add("a"), run.add("b"), run.add("c", label: "dog")], in: run).text
    #expect(
      page.contains("3 clips, explained by piq-audio with the model <bdi>small abababab</bdi>"))
    #expect(page.contains(#"<option value="rain">rain (2)</option>"#))
    #expect(page.contains(#"<option value="dog">dog (1)</option>"#))
  }

  /// The JSON of the first clip.
  private func info(_ page: String) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(element("clip-0", page).utf8)) as? [String: Any])
  }

  private func notes(_ page: String) throws -> String {
    (try info(page)["notes"] as? [String] ?? ["none"]).joined(separator: "\n")
  }

  private func bytes(_ name: String, _ page: String) throws -> [UInt8] {
    [UInt8](try #require(Data(base64Encoded: element("clip-0-\(name)", page))))
  }

  private func sound(_ name: String, _ page: String) throws -> [Float] {
    let folder = try TemporaryFolder()
    return try Recording.read(path: folder.write(Data(bytes(name, page)), to: "sound.flac")).samples
  }

  private func element(_ id: String, _ page: String) throws -> String {
    let start = try #require(page.firstRange(of: #"id="\#(id)">"#)?.upperBound)
    let end = try #require(page[start...].firstRange(of: "</script>")?.lowerBound)
    return String(page[start..<end])
  }

  private func difference(_ a: [Float], _ b: [Float]) -> Float {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }
}
