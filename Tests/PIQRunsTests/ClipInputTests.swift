import Foundation
import PIQPipeline
import PIQPlatform
import PIQRuns
import TestSupport
import Testing

@Suite struct ClipInputTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func touch(_ names: String...) throws {
    for name in names { try folder.write("", to: name) }
  }

  @Test func foldersAreMirrored() throws {
    try touch("in/b.wav", "in/a.flac", "in/night/owl.OGG", "in/night/deep/fox.mp3", "in/B.wav")
    try touch("in/notes.txt", "in/wav", "in/clip", "in/.hidden.wav", "in/.cache/x.wav")
    try touch("in/a.interpretation.wav", "in/night/a.residual.flac", "in/a.interpretation.png")
    try FileManager.default.createDirectory(
      atPath: folder("in/folder.wav"), withIntermediateDirectories: true)
    for argument in [folder("in"), folder("in") + "/"] {
      let found = InputExpansion(named: [argument])
      let (inputs, failures) = (found.inputs, found.failures)
      #expect(failures.isEmpty)
      #expect(inputs.map(\.stem) == ["B", "a", "b", "night/deep/fox", "night/owl"])
      #expect(
        inputs.map(\.path)
          == [
            "B.wav", "a.flac", "b.wav", "night/deep/fox.mp3", "night/owl.OGG",
          ].map { folder("in/" + $0) })
    }
  }

  @Test func aNamedFileIsTakenWhateverItIsCalled() throws {
    try touch("x.interpretation.wav", ".hidden.wav", "no extension", "a.b.wav")
    let names = ["x.interpretation.wav", ".hidden.wav", "no extension", "a.b.wav", "missing.wav"]
    let found = InputExpansion(named: names.map { folder($0) })
    let (inputs, failures) = (found.inputs, found.failures)
    #expect(failures.isEmpty)
    #expect(inputs.map(\.path) == names.map { folder($0) })
    #expect(
      inputs.map(\.stem) == ["x.interpretation", ".hidden", "no extension", "a.b", "missing"])
  }

  @Test func linksThatGoInCirclesAreNotFollowed() throws {
    try touch("in/a.wav", "elsewhere/b.wav")
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder("in/up"), withDestinationPath: "..")
    try files.createSymbolicLink(atPath: folder("in/self"), withDestinationPath: "self")
    try files.createSymbolicLink(
      atPath: folder("in/linked.wav"), withDestinationPath: "../elsewhere/b.wav")
    let found = InputExpansion(named: [folder("in")])
    let (inputs, failures) = (found.inputs, found.failures)
    #expect(failures.isEmpty)
    #expect(inputs.map(\.stem) == ["a", "linked"])
    // A link to a folder that is named itself is followed.
    try files.createSymbolicLink(atPath: folder("link"), withDestinationPath: "elsewhere")
    #expect(InputExpansion(named: [folder("link")]).inputs.map(\.stem) == ["b"])
  }

  @Test func aFolderWithoutSoundDoesNotStopTheOthers() throws {
    try touch("silent/readme.txt", "in/a.wav")
    let found = InputExpansion(named: [folder("silent"), folder("in"), "-"])
    let (inputs, failures) = (found.inputs, found.failures)
    #expect(inputs.map(\.stem) == ["a", "stdin"])
    #expect(inputs.last?.path == "-")
    #expect(failures.count == 1)
    #expect(failures.first?.code == .noSounds)
    #expect(
      failures.first?.description
        == "\(folder("silent")): the folder holds no sound files; "
        + "name a folder with WAV, FLAC, Ogg or other sound files")
  }

  @Test func oddNames() throws {
    try touch("in/ü ber.wav", "in/two\nlines.wav", "in/-dash.wav", "in/日本.flac", "in/'q\".wav")
    let found = InputExpansion(named: [folder("in")])
    let (inputs, failures) = (found.inputs, found.failures)
    #expect(failures.isEmpty)
    #expect(Set(inputs.map(\.stem)) == ["ü ber", "two\nlines", "-dash", "日本", "'q\""])
    for input in inputs { #expect(FileManager.default.fileExists(atPath: input.path)) }
  }

  @Test func theOrderIsThatOfTheBytes() throws {
    let names = ["Z", "a", "ä", "é", "z", "日", "10", "9", "a b", "a-b", "a.b"]
    for name in names { try touch("in/\(name).wav") }
    let inputs = InputExpansion(named: [folder("in")]).inputs
    let paths = inputs.map { Array($0.path.utf8) }
    #expect(paths.count == names.count)
    #expect(zip(paths, paths.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
  }

  static let lists: [(bytes: [UInt8], paths: [String])] = [
    (Array("a.wav\nb c.wav\n".utf8), ["a.wav", "b c.wav"]),
    (Array("a.wav\nb.wav".utf8), ["a.wav", "b.wav"]),
    (Array("a.wav\r\nb.wav\r\n\r\n".utf8), ["a.wav", "b.wav"]),
    (Array("\n\na.wav\n\n".utf8), ["a.wav"]),
    (Array("a\nb.wav\0c\r.wav\0".utf8), ["a\nb.wav", "c\r.wav"]),
    (Array("a.wav\0b.wav".utf8), ["a.wav", "b.wav"]),
    (Array("ü/日本.wav\n -x \n".utf8), ["ü/日本.wav", " -x "]),
    ([0xEF, 0xBB, 0xBF] + Array("a.wav\nb.wav\n".utf8), ["a.wav", "b.wav"]),
    (Array("caf".utf8) + [0xE9] + Array(".wav\n".utf8), ["caf\u{10FEE9}.wav"]),
    ([], []),
  ]

  @Test(arguments: lists)
  func listedPaths(bytes: [UInt8], paths: [String]) throws {
    let list = try folder.write(Data(bytes), to: "list.txt")
    #expect(try ClipInput.paths(listedIn: list) == paths)
  }

  @Test func listsThatCannotBeRead() throws {
    for missing in [folder("none"), folder.path] {
      let error = #expect(throws: Failure.self) { try ClipInput.paths(listedIn: missing) }
      #expect(error?.description.hasPrefix("\(missing): the list of files could not") == true)
    }
  }
}
