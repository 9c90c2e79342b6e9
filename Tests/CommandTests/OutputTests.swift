import Foundation
import PIQAudioIO
import Testing

/// Which files are written, where, and what becomes of older ones.
@Suite struct OutputTests {
  @Test func currentFolderByDefault() throws {
    let space = try Workspace()
    try space.writeGoodClip("in/good.wav")
    try space.run(["interpret", "--outputs", "audio,residual", "in/good.wav"]).expectSuccess()
    #expect(space.files == ["good.interpretation.wav", "good.residual.wav", "in/good.wav"])
    // The two make the input again.
    let parts = try ["good.interpretation.wav", "good.residual.wav"].map {
      try Recording.read(path: space.file($0)).samples
    }
    let input = try Recording.read(path: space.file("in/good.wav")).samples
    #expect(parts[0].count == input.count && parts[1].count == input.count)
    let worst = input.indices.map { abs(parts[0][$0] + parts[1][$0] - input[$0]) }.max()
    #expect(try #require(worst) < 1e-6)
  }

  @Test func foldersAreMirrored() throws {
    let space = try Workspace()
    for name in ["a.wav", "night/owl.WAV", "night/late/fox.wave", ".hidden/b.wav", ".c.wav"] {
      try space.writeGoodClip("in/" + name)
    }
    try space.write("in/night/notes.txt", [1])
    let run = ["interpret", "--json", "--outputs", "audio,json", "-o", "new/out", "in"]
    let outcome = try space.run(run)
    #expect(outcome.status == 0)
    #expect(
      outcome.errors
        == "piq-audio: in: files left out: 1 without a sound file's name; --verbose lists them\n")
    let inputs = ["in/a.wav", "in/night/late/fox.wave", "in/night/owl.WAV"]
    #expect(try outcome.objects().map { $0["input"] as? String } == inputs)
    #expect(
      space.files.filter { $0.hasSuffix("interpretation.wav") } == [
        "new/out/a.interpretation.wav", "new/out/night/late/fox.interpretation.wav",
        "new/out/night/owl.interpretation.wav",
      ])
    // What the program wrote itself is no input of a second run over the same folder.
    let inPlace = ["interpret", "--json", "--outputs", "audio,residual", "-o", "in", "in/"]
    for _ in 0..<2 { #expect(try space.run(inPlace).objects().count == 3) }
  }

  @Test(arguments: ["\n", "\0", "\r\n"]) func listOfFiles(separator: String) throws {
    let space = try Workspace()
    let names = ["a b.wav", "-c.wav", "ü.wav"] + (separator == "\0" ? ["d\ne.wav"] : [])
    for name in names { try space.writeGoodClip(name) }
    try space.write("list", names.joined(separator: separator).utf8)
    try space.write("ended", names.map { $0 + separator }.joined().utf8)
    for (file, input) in [("list", nil), ("-", "list"), ("ended", nil), ("-", "ended")] {
      let outcome = try space.run(
        ["classify", "--json", "--files-from", file], input: input.map(space.file))
      outcome.expectSuccess()
      #expect(try outcome.objects().map { $0["input"] as? String } == names)
    }
  }

  /// Several lists, marks at their beginnings, and pipes among their files.
  @Test(arguments: ["\n", "\0"]) func severalLists(separator: String) throws {
    let space = try Workspace()
    let names = ["a.wav", "b.wav", "c.wav"]
    for name in names { try space.writeGoodClip(name) }
    try space.write("one", ("\u{FEFF}a.wav" + separator + "pipe" + separator).utf8)
    try space.write("two", ("b.wav" + separator + "c.wav" + separator).utf8)
    let outcome = try space.shell(
      #"mkfifo pipe; exec "$@""#,
      ["classify", "--json", "--files-from", "one", "--files-from", "two"])
    #expect(outcome.status == 0)
    #expect(try outcome.objects().map { $0["input"] as? String } == names)
    #expect(outcome.errorLines.count == 1 && outcome.errors.contains("pipe"))
  }

  @Test func listThatIsNone() throws {
    let space = try Workspace()
    try space.write("list", [0xFF, 0xFE, 0x0A])
    try space.run(["classify", "--files-from", "list"])
      .expectRefusal(naming: "list", "is UTF-16")
    try space.run(["classify", "--files-from", "gone"])
      .expectRefusal(naming: "gone", "could not be read")
  }

  @Test func existingOutputs() throws {
    let space = try Workspace()
    for name in ["a.wav", "b.wav"] { try space.writeGoodClip(name) }
    let run = ["interpret", "--json", "--outputs", "audio,json"]
    let old = Array("old".utf8)
    for name in ["a.interpretation.wav", "a.interpretation.json", "b.interpretation.wav"] {
      try space.write(name, old)
    }
    let failed = try space.run(run + ["--existing", "fail", "a.wav", "b.wav"])
    #expect(failed.status == 1)
    #expect(failed.errorLines.count == 2)
    #expect(
      failed.errorLines.allSatisfy {
        $0.contains("exists already; remove it, or") && $0.contains("--existing skip")
      })
    #expect(try space.bytes("a.interpretation.wav") == old)
    // A clip is left alone only if all of its outputs are there.
    let skipped = try space.run(run + ["--existing", "skip", "a.wav", "b.wav"])
    skipped.expectSuccess()
    let lines = try skipped.objects()
    #expect(lines.map { $0["input"] as? String } == ["a.wav", "b.wav"])
    #expect(lines.map { $0["skipped"] as? Bool } == [true, nil])
    #expect(try space.bytes("a.interpretation.wav") == old)
    #expect(try space.bytes("b.interpretation.wav") != old)
    try space.run(run + ["a.wav"]).expectSuccess()
    #expect(try space.bytes("a.interpretation.wav") == space.bytes("b.interpretation.wav"))
  }

  @Test(arguments: [
    ("wav", nil, "WAV", "32 bit float"), ("wav", "float64", "WAV", "64 bit float"),
    ("wav", "pcm16", "WAV", "16 bit"), ("flac", nil, "FLAC", "24 bit"),
    ("flac", "pcm16", "FLAC", "16 bit"),
  ])
  func soundFormats(format: String, encoding: String?, kind: String, bits: String) throws {
    let space = try Workspace()
    try space.writeGoodClip()
    let outcome = try space.run(
      ["interpret", "--outputs", "audio", "--audio-format", format]
        + (encoding.map { ["--encoding", $0] } ?? []) + ["good.wav"])
    outcome.expectSuccess()
    #expect(space.files == ["good.interpretation.\(format)", "good.wav"])
    let reader = try SoundFileReader(path: space.file("good.interpretation.\(format)"))
    #expect(reader.formatName.contains(kind))
    #expect(reader.formatName.contains(bits), "\(reader.formatName)")
    #expect(reader.sampleRate == 16_000)
    #expect(try reader.read(upTo: 9000).count == 2000)
  }

  @Test func tail() throws {
    let space = try Workspace()
    // 87 frames: SpeechBrain's output has 65 of them.
    try space.write("second.wav", WAV.noise(16_000).bytes)
    for (tail, count) in [("keep", 16_000), ("crop", 64 * 186)] {
      try space.run(["interpret", "--outputs", "audio", "--tail", tail, "second.wav"])
        .expectSuccess()
      let sound = try Recording.read(path: space.file("second.interpretation.wav"))
      #expect(sound.samples.count == count)
    }
    try space.writeGoodClip()
    try space.run(["interpret", "--json", "--tail", "crop", "good.wav"])
      .expectRefusal(naming: "good.wav", "32")
  }

  @Test func anotherClass() throws {
    let space = try Workspace()
    try space.writeGoodClip()
    let run = ["interpret", "--json", "--outputs", "json,audio", "good.wav"]
    let plain = try #require(try space.run(run).objects().first)
    let plainSound = try space.bytes("good.interpretation.wav")
    let other = try #require(plain["label"] as? String) == "rooster" ? "rain" : "rooster"
    let named = try #require(try space.run(run + ["--class", other]).objects().first)
    #expect(named["label"] as? String == other)
    #expect(try space.bytes("good.interpretation.wav") != plainSound)
    // The classifier's own opinion stays the same.
    #expect(try #require(named["top"] as? NSArray) == #require(plain["top"] as? NSArray))
    let index = try #require(named["index"] as? Int)
    let indexed = try #require(try space.run(run + ["--class", "\(index)"]).objects().first)
    #expect(indexed["label"] as? String == other)
    #expect(indexed["probability"] as? Double == named["probability"] as? Double)
  }

  @Test func sameInputSameBytes() throws {
    let space = try Workspace()
    let all = "audio,spectrogram,arrays,json,residual"
    for (folder, format) in [("wav", "wav"), ("flac", "flac")] {
      let run = ["interpret", "--outputs", all, "--audio-format", format, "-o", folder]
      var first: [String: [UInt8]] = [:]
      for round in 0..<2 {
        try space.run(run + [Program.fixture("clips/rooster.ogg")]).expectSuccess()
        let written = space.files.filter { $0.hasPrefix(folder + "/") }
        #expect(written.count == 5)
        for name in written {
          if round == 0 { first[name] = try space.bytes(name) }
          #expect(try space.bytes(name) == first[name], "\(name)")
        }
      }
    }
  }

  @Test func twoRunsAtOnce() throws {
    let space = try Workspace()
    try space.writeGoodClip()
    let runs = try (0..<4).map { _ in
      try space.start(Program.path, ["interpret", "-o", "out", "good.wav"])
    }
    let outcomes = runs.map { $0.wait() }
    // One of them has the results; those that met it say so.
    #expect(outcomes.allSatisfy { $0.status == 0 })
    #expect(
      outcomes.flatMap(\.errorLines).allSatisfy { $0.contains("another run is writing there") })
    #expect(space.files.count == 5)
    #expect(space.allFiles.contains("out/results.jsonl"))
  }
}
