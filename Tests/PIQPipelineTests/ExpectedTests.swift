import Foundation
import PIQCheckpoints
import PIQModels
import PIQPipeline
import PIQRuns
import PIQTensor
import TestSupport
import Testing

/// Fresh interpretations against those of Fixtures/expected, which `make fixtures` writes.
@Suite(.serialized) struct ExpectedTests {
  static let folder = "expected"
  static let clips = Fixtures.names(in: folder, endingIn: ".interpretation.json")

  @Test func expectationsAreThere() { #expect(Self.clips.count == 2) }

  @Test(arguments: clips)
  func agreesWithWhatIsExpected(clip: String) throws {
    let folder = try TemporaryFolder()
    let expectedPath = Fixtures.path("\(Self.folder)/\(clip).interpretation")
    let expected = try JSONDecoder().decode(
      ClipReport.self, from: Data(contentsOf: URL(filePath: expectedPath + ".json")))
    let model = try Model(path: SmallModel.partitioned.importModel(into: folder))
    let processor = ClipProcessor(model, .init())
    let input = ClipInput(path: Fixtures.path("\(Self.folder)/\(expected.input)"), stem: clip)
    let jobs = try RunPlan([input], suffixes: ["arrays": ".npz"], folder: folder.path).jobs
    let job = try #require(jobs.first)
    let report = try #require(processor.interpret(job).timed).report

    #expect(report.index == expected.index)
    #expect(report.label == expected.label)
    #expect(report.top.map(\.label) == expected.top.map(\.label))
    #expect(abs(report.probability - expected.probability) <= 1e-4)
    #expect(report.model == expected.model)
    #expect(report.sampleRate == expected.sampleRate)
    #expect(report.channels == expected.channels)
    #expect(report.duration == expected.duration)
    #expect((report.warning == nil) == (expected.warning == nil))

    let arrays = try NPZ.read(path: folder("\(clip).npz"))
    let expectedArrays = try NPZ.read(path: expectedPath + ".npz")
    #expect(Set(arrays.keys).subtracting(expectedArrays.keys) == ["embedding"])
    #expect(Set(expectedArrays.keys).isSubset(of: arrays.keys))
    var errors: [String] = []
    for (name, array) in expectedArrays.sorted(by: { $0.key < $1.key }) {
      switch (arrays[name], array) {
      case (.float32(let actual), .float32(let wanted)):
        let difference = TensorDifference(actual, wanted)
        #expect(difference.relative <= 1e-4, "\(name): \(difference)")
        errors.append("\(name) \(difference.relative)")
      default: #expect(arrays[name] == array, "\(name) differs")
      }
    }
    print("\(clip): of the largest element, off by " + errors.joined(separator: ", "))
  }
}
