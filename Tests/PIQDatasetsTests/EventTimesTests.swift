import PIQDatasets
import PIQPlatform
import TestSupport
import Testing

/// The times of events in clips.
@Suite struct EventTimesTests {
  private let folder: TemporaryFolder
  private let data: Dataset

  init() throws {
    folder = try TemporaryFolder()
    for name in ["night.wav", "day.flac"] { try AtomicFile.write([], to: folder(name)) }
    try AtomicFile.write(
      Array("filename,category\nnight.wav,owl\nday.flac,crow\n".utf8), to: folder("clips.csv"))
    data = try Dataset(path: folder("clips.csv"))
  }

  private func times(_ text: String, _ name: String = "times.csv") throws -> EventTimes {
    try AtomicFile.write(Array(text.utf8), to: folder(name))
    return try EventTimes(path: folder(name), of: data)
  }

  @Test func table() throws {
    let events = try times(
      "filename,start,end,category\nnight.wav,1,2.5,\nday.flac,0,1,rain\nnight.wav, 4 ,5,owl\n"
        + "other.wav,1,2,owl\n"
    ).events
    #expect(events.map(\.clip) == [0, 1])
    #expect(events.map(\.category) == ["owl", "rain"])
    #expect(events.map(\.seconds) == [[1..<2.5, 4..<5], [0..<1]])
    #expect(try times("filename,start,end\nday.flac,0,1\n").events.map(\.category) == ["crow"])
  }

  /// Label tracks as Audacity writes them, with and without frequencies.
  @Test func tracks() throws {
    try Folder.make(folder("labels"))
    try AtomicFile.write(
      Array("0.500000\t1.250000\towl\n\\\t100.0\t900.0\n2\t3\t\n4\t4.5\train\r\n".utf8),
      to: folder("labels/night.txt"))
    let events = try EventTimes(path: folder("labels"), of: data).events
    #expect(events.map(\.category) == ["owl", "rain"])
    #expect(events.map(\.seconds) == [[0.5..<1.25, 2..<3], [4..<4.5]])
  }

  @Test(arguments: [
    ("filename,start\nnight.wav,1\n", "no column end"),
    ("filename,start,end\nnight.wav,1,x\n", "line 2"),
    ("filename,start,end\nnight.wav,2,1\n", "line 2"),
    ("filename,start,end\nnight.wav,-1,1\n", "line 2"),
    ("filename,start,end\nnight.wav,1\n", "line 2"),
    ("filename,start,end\nother.wav,1,2\n", "no event"),
    ("", "no column filename"),
  ])
  func refusals(text: String, words: String) throws {
    let failure = #expect(throws: Failure.self) { try times(text) }
    #expect(failure?.problem.contains(words) ?? false, "\(failure?.problem ?? "")")
  }

  @Test func malformedTrack() throws {
    try Folder.make(folder("labels"))
    try AtomicFile.write(Array("1\t2\towl\nhoot\n".utf8), to: folder("labels/day.labels.txt"))
    let failure = #expect(throws: Failure.self) {
      try EventTimes(path: folder("labels"), of: data)
    }
    #expect(failure?.problem.contains("line 2") ?? false)
  }
}
