import Foundation
import PIQDatasets
import PIQPlatform
import TestSupport
import Testing

@Suite struct DatasetTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A table of two clips beside their files.
  private func writeTable(_ text: String, audio: String = "") throws -> String {
    for name in ["a.wav", "b.wav"] { try folder.write(Data(), to: "data/\(audio)\(name)") }
    return try folder.write(text, to: "data/meta/clips.csv")
  }

  private func refusal(
    _ path: String, folds: Set<Int>? = nil, audioFolder: String? = nil
  ) -> Failure? {
    #expect(throws: Failure.self) {
      try Dataset(path: path, folds: folds, audioFolder: audioFolder)
    }
  }

  @Test(arguments: ["meta/", "meta/audio/", "audio/"])
  func soundIsFoundBesideTheTable(place: String) throws {
    let path = try writeTable(
      "category,more,filename,fold\nrain,x,a.wav,1\n\"dog, bark\",\"y\",b.wav,2\n", audio: place)
    let data = try Dataset(path: path)
    #expect(data.clips.map(\.name) == ["a.wav", "b.wav"])
    #expect(data.clips.map(\.category) == ["rain", "dog, bark"])
    #expect(data.clips.map(\.fold) == [1, 2])
    #expect(data.clips.allSatisfy { FileManager.default.fileExists(atPath: $0.path) })
    #expect(try Dataset(path: path, folds: [2, 7]).clips.map(\.name) == ["b.wav"])
    #expect(try data.labels(among: ["dog, bark", "rain"]) == [1, 0])
  }

  /// Works whose licences ask for it are named; what the table lacks is left out.
  @Test(arguments: [
    (
      "licence,author,title,source", "CC-BY,Ann,\"Rain, at night\",u/1",
      "Rain, at night by Ann, CC-BY, u/1"
    ),
    ("license,author,x,y", "CC BY-NC 4.0,Ann,,", "by Ann, CC BY-NC 4.0"),
    ("licence,a,b,c", "CC-Sampling+,,,", "CC-Sampling+"),
    ("licence,author,title,source", "CC0,Ann,Rain,u/1", nil),
    ("licence,author,title,source", "cc-0 1.0,Ann,Rain,u/1", nil),
    (
      "licence,author,title,source",
      "http://creativecommons.org/publicdomain/zero/1.0/,Ann,Rain,u/1", nil
    ),
    ("licence,author,title,source", ",Ann,Rain,u/1", nil), ("a,author,b,c", ",Ann,,", nil),
  ])
  func attribution(header: String, row: String, text: String?) throws {
    let path = try writeTable(
      "filename,category,\(header)\na.wav,rain,\(row)\n", audio: "audio/")
    #expect(try Dataset(path: path).clips.map(\.attribution) == [text])
  }

  @Test func soundMayBeElsewhere() throws {
    let path = try writeTable("filename,category\na.wav,rain\n", audio: "far/")
    #expect(refusal(path)?.problem.contains("line 2: a.wav is not in ") == true)
    #expect(refusal(path)?.code == .soundsNotFound)
    let data = try Dataset(path: path, audioFolder: folder("data/far"))
    #expect(data.clips.map(\.path) == [folder("data/far/a.wav")])
    #expect(data.clips.map(\.fold) == [nil])
  }

  @Test func aFolderOfClasses() throws {
    for name in ["rain/b.WAV", "rain/a.ogg", "dog/c.flac", "dog/notes.txt", ".git/d.wav", "e.wav"] {
      try folder.write(Data(), to: "classes/\(name)")
    }
    let data = try Dataset(path: folder("classes"))
    #expect(data.clips.map(\.name) == ["dog/c.flac", "rain/a.ogg", "rain/b.WAV"])
    #expect(data.clips.map(\.category) == ["dog", "rain", "rain"])
    #expect(refusal(folder("classes"), folds: [1])?.problem.contains("no folds") == true)
    #expect(refusal(folder("classes/rain"))?.problem.contains("no sub-folders") == true)
  }

  @Test(arguments: [
    ("", "is empty"), ("filename,fold\na.wav,1\n", "no column category"),
    ("category,fold\nrain,1\n", "no column filename"),
    ("filename,category\na.wav,rain\n", "no column fold"),
    ("filename,category,fold\na.wav,rain\n", "line 2 has 2 fields where the header has 3"),
    ("filename,category,fold\na.wav,rain,1\n,rain,1\n", "line 3 has no filename"),
    ("filename,category,fold\na.wav,,1\n", "line 2 has no category"),
    ("filename,category,fold\na.wav,rain,one\n", "line 2 has the fold \"one\""),
    ("filename,category,fold\n\na\"v,rain,1\n", "line 3 has a quote"),
    ("filename,category,fold\na.wav,rain,1\n", "has no clips in fold 2, 3"),
    ("filename,category,fold\ngone.wav,rain,2\n", "line 2: gone.wav is not in"),
  ])
  func tablesThatAreRefused(text: String, problem: String) throws {
    let path = try writeTable(text, audio: "meta/")
    let error = refusal(path, folds: [2, 3])
    #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
    #expect(error?.path == path)
  }

  @Test func whatIsNotThere() throws {
    #expect(refusal(folder("gone.csv"))?.problem == "does not exist")
    let path = try writeTable("filename,category\n", audio: "")
    #expect(refusal(path)?.problem == "lists no clips")
  }

  @Test func aClassThatTheModelLacks() throws {
    let path = try writeTable("filename,category\na.wav,rain\nb.wav,cat\n", audio: "meta/")
    let data = try Dataset(path: path)
    let error = #expect(throws: Failure.self) { try data.labels(among: ["rain", "dog"]) }
    #expect(error?.problem.contains("b.wav is of the class \"cat\"") == true)
  }
}
