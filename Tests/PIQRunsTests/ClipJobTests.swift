import PIQPipeline
import PIQPlatform
import PIQRuns
import TestSupport
import Testing

@Suite struct ClipJobTests {
  private static let suffixes = ["audio": ".interpretation.wav", "json": ".interpretation.json"]

  private func plan(_ paths: String..., folder: String? = nil) throws -> [ClipJob] {
    try RunPlan(InputExpansion(named: paths).inputs, suffixes: Self.suffixes, folder: folder).jobs
  }

  @Test func outputsLieInTheFolder() throws {
    let night = ClipInput(path: "in/night/owl.wav", stem: "night/owl")
    for folder in ["out", "out/"] {
      let jobs = try RunPlan([night], suffixes: Self.suffixes, folder: folder).jobs
      #expect(jobs.map(\.input) == [night])
      #expect(
        jobs.first?.outputs == [
          "audio": "out/night/owl.interpretation.wav", "json": "out/night/owl.interpretation.json",
        ])
    }
    let here = try plan("x/clip.wav")
    #expect(here.first?.outputs["json"] == "clip.interpretation.json")
    #expect(try plan().isEmpty)
  }

  @Test func manyClipsOfDifferentNames() throws {
    #expect(try plan("a.wav", "b.wav", "a.b.wav", "-", folder: "out").count == 4)
  }

  @Test(arguments: [
    ("a.wav", "a.flac"), ("./a.wav", "a.mp3"), ("x/a.wav", "y/a.wav"),
  ])
  func twoInputsOfOneOutput(first: String, second: String) {
    let error = #expect(throws: Failure.self) { try plan(first, "b.wav", second, folder: "out") }
    #expect(error?.code == .outputsCollide)
    #expect(
      error?.description
        == "out/a.interpretation.wav: \(first) and \(second) would both write it; "
        + "run them apart, with another output folder each, or keep their paths")
  }

  @Test func standardInputTwice() {
    let error = #expect(throws: Failure.self) { try plan("-", "-") }
    #expect(error?.code == .outputsCollide)
  }

  @Test func aFolderAndAFileInIt() throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "in/a.wav")
    #expect(try plan(folder("in"), folder("in/a.wav")).map(\.input.path) == [folder("in/a.wav")])
  }

  /// Those that were met, rather than named, fail alone.
  @Test func twoInputsOfOneOutputInAFolder() throws {
    let folder = try TemporaryFolder()
    for name in ["in/a.wav", "in/a.flac", "in/b.wav"] { try folder.write("", to: name) }
    let inputs = InputExpansion(named: [folder("in")]).inputs
    let plan = try RunPlan(inputs, suffixes: Self.suffixes, folder: "out")
    #expect(plan.jobs.map(\.input.stem) == ["b"])
    #expect(plan.failures.map(\.path) == [folder("in/a.flac"), folder("in/a.wav")])
  }

  @Test func keptPaths() throws {
    let names = ["x/a.wav", "/y/a.wav", "./z/a.wav", "../a.wav"]
    let inputs = InputExpansion(named: [], listed: names, keepsPaths: true).inputs
    #expect(inputs.map(\.stem) == ["x/a", "y/a", "z/a", "__/a"])
    #expect(try RunPlan(inputs, suffixes: Self.suffixes, folder: "out").jobs.count == 4)
  }

  @Test func anErrorStaysOnItsLine() {
    let error = #expect(throws: Failure.self) { try plan("a\nb.wav", "a\nb.flac") }
    #expect(error?.description.contains("\n") == false)
  }
}
