import PIQDatasets
import PIQPlatform
import PIQTraining
import TestSupport
import Testing

/// Clips that are loaded for training.
@Suite struct ClipSetTests {
  private let set: Dataset

  init() throws { set = try Dataset(path: Fixtures.path("clips/clips.csv")) }

  private func load() throws -> ClipSet {
    try ClipSet(Array(set.clips.prefix(1)), labels: ["dog_bark"], rate: 16_000)
  }

  /// The limit of a container was once not seen, nor was anything below 1 GiB.
  @Test func clipsAreRefusedThatTheControlGroupCannotHold() throws {
    let count = try load().clips[0].samples.count
    var limits = Memory.limits
    limits.controlGroup = Double(4 * count)
    let error = try #require(
      Memory.$assumed.withValue(limits) {
        #expect(throws: Failure.self) { _ = try load() }
      })
    #expect(error.path == set.clips[0].path)
    #expect(error.problem.contains("more than half of the memory that is free"))
    limits.controlGroup = Double(8 * count)
    #expect(try Memory.$assumed.withValue(limits) { try load() }.clips.count == 1)
  }
}
