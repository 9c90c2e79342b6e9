import Foundation
import PIQAudioIO
import PIQPlatform
import Testing

/// Files that somebody changes while they are read. That one becomes shorter is in LargeFileTests.
@Suite struct ChangingFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func makeSound() throws -> (path: String, samples: [Float]) {
    let samples = (0..<200_000).map { Float($0 % 1000) / 2000 }
    let path = folder.path + "/a.wav"
    try Recording(samples: samples, sampleRate: 16_000).write(to: path)
    return (path, samples)
  }

  private func rest(of reader: SoundFileReader) throws -> [Float] {
    var samples: [Float] = []
    while !reader.isAtEnd { samples += try reader.read(upTo: 1 << 16) }
    return samples
  }

  /// What the header promised is there, and is all that is read.
  @Test func oneThatGrows() throws {
    let (path, samples) = try makeSound()
    let reader = try SoundFileReader(path: path)
    let head = try reader.read(upTo: 1000)
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(repeating: 1, count: 1 << 20))
    #expect(try head + rest(of: reader) == samples)
    #expect(reader.warning == nil)
  }

  /// The one that was opened is read to its end.
  @Test func oneThatIsReplaced() throws {
    let (path, samples) = try makeSound()
    let reader = try SoundFileReader(path: path)
    let head = try reader.read(upTo: 1000)
    try Data("something else".utf8).write(to: URL(filePath: path), options: .atomic)
    #expect(try head + rest(of: reader) == samples)
  }

  /// What was read stays, where a mapped file would end the process.
  @Test func aFileInMemoryThatIsCut() throws {
    let bytes = (0..<100_000).map { UInt8($0 % 251) }
    let path = folder.path + "/a"
    try Data(bytes).write(to: URL(filePath: path))
    let file = try FileContents(path: path)
    #expect(truncate(path, 0) == 0)
    #expect(file.withBytes { Array($0) } == bytes)
  }
}
