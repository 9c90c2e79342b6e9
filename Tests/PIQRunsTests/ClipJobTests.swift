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
    ("a.wav", "a.flac"), ("a.wav", "a.wav"), ("./a.wav", "a.wav"), ("x/a.wav", "y/a.wav"),
  ])
  func twoInputsOfOneOutput(first: String, second: String) {
    let error = #expect(throws: Failure.self) { try plan(first, "b.wav", second, folder: "out") }
    #expect(error?.code == .outputsCollide)
    #expect(
      error?.description
        == "out/a.interpretation.wav: \(first) and \(second) would both write it; "
        + "run them apart, or with another output folder each")
  }

  @Test func standardInputTwice() {
    let error = #expect(throws: Failure.self) { try plan("-", "-") }
    #expect(error?.code == .outputsCollide)
  }

  @Test func aFolderAndAFileInIt() throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "in/a.wav")
    #expect(throws: Failure.self) { try plan(folder("in"), folder("in/a.wav")) }
  }

  @Test func anErrorStaysOnItsLine() {
    let error = #expect(throws: Failure.self) { try plan("a\nb.wav", "a\nb.flac") }
    #expect(error?.description.contains("\n") == false)
  }
}
