import Foundation
import PIQPlatform
import PIQReport
import TestSupport
import Testing

/// How the results of a run are found and read.
@Suite struct ClipResultTests {
  @Test func allThatAreBelow() throws {
    let run = try SampleRun()
    for name in ["b", "a", "night/owl", "night/.hidden/x", ".y"] { try run.add(name, []) }
    try run.folder.write("{}", to: "results/evaluation.json")
    let found = try ClipResult.find(in: run.results)
    #expect(
      found == ["a", "b", "night/owl"].map { "\(run.results)/\($0).interpretation.json" })
    #expect(try ClipResult(path: found[2], in: run.results).name == "night/owl")
    // Whatever the folder's name ends with, and through a link as well.
    let link = run.folder("link")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: run.results)
    for folder in [run.results + "/", link, link + "/"] {
      let names = try ClipResult.find(in: folder).map { try ClipResult(path: $0, in: folder).name }
      #expect(names == ["a", "b", "night/owl"])
    }
  }

  @Test func foldersThatAreNone() throws {
    let folder = try TemporaryFolder()
    for (path, words) in [
      (folder("gone"), "there is no such folder"), (folder.path, "holds no interpretations"),
      (try folder.write("x", to: "file"), "is not a folder"),
    ] {
      let error = #expect(throws: Failure.self) { try ClipResult.find(in: path) }
      #expect(error?.path == path && error?.problem.contains(words) == true)
      #expect(error?.code == .resultsNotFound)
    }
  }

  @Test(arguments: ["", "{", "[]", "{}", #"{"input": 1}"#, "\u{FFFD}"])
  func brokenJSON(_ text: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "a.interpretation.json")
    let error = #expect(throws: Failure.self) {
      try ClipResult(path: path, in: folder.path)
    }
    #expect(error?.path == path)
  }

  @Test(arguments: [
    // The bundled model's 5 s, whole and as SpeechBrain cuts them; one frame; what cannot be.
    (431, 80_016, false, 186), (417, 416 * 186, true, 186), (1, 100, false, 100), (1, 0, false, 1),
    (5, 3, false, 3),
  ])
  func hopLength(frames: Int, samples: Int, isCropped: Bool, expected: Int) {
    #expect(
      ClipPictures.hopLength(frames: frames, samples: samples, isCropped: isCropped) == expected)
  }

  @Test func hopLengthIsRightToHalfAFrame() {
    for (hop, samples) in [64, 186, 256].flatMap({ hop in
      [hop, 1000, 2000, 16_000, 79_999].map { (hop, $0) }
    }) {
      let frames = samples / hop + 1
      let found = ClipPictures.hopLength(frames: frames, samples: samples, isCropped: false)
      // Rounding to a whole number takes up to half a sample a frame.
      let most = hop / 2 + frames / 2 + 1
      #expect(abs(found - hop) * (frames - 1) <= most, "\(hop) \(samples) \(found)")
    }
  }
}
