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

  /// Its frames would have no place in time, which was once guessed.
  @Test func anOlderJSONHasNoHopLength() throws {
    let run = try SampleRun()
    let path = try run.add("old").path
    let json = try Data(contentsOf: URL(filePath: path))
    var object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    object["stft"] = nil
    try JSONSerialization.data(withJSONObject: object).write(to: URL(filePath: path))
    let result = try ClipResult(path: path, in: run.results)
    let block = try ReportPage(clips: [result], title: "Old").block(0)
    let error = try #require(block.errors.first)
    #expect("\(error)".contains("did not write the hop length"))
    #expect("\(error)".hasSuffix("; interpret the clip again"))
  }
}
