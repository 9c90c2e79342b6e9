/// Adds up the time that the stages of a clip take.
struct StageClock {
  /// Seconds by stage.
  private(set) var seconds: [String: Double] = [:]
  private let start = ContinuousClock.now

  /// Runs `work` and adds its time to `stage`.
  mutating func measure<Result>(_ stage: String, _ work: () throws -> Result) rethrows -> Result {
    let begin = ContinuousClock.now
    defer { seconds[stage, default: 0] += Self.seconds(since: begin) }
    return try work()
  }

  /// Adds the times of stages measured elsewhere, on any thread.
  mutating func add(_ part: [String: Double]) { seconds.merge(part) { $0 + $1 } }

  /// The stages and `total`, the time since this clock was made.
  var withTotal: [String: Double] {
    seconds.merging(["total": Self.seconds(since: start)]) { $1 }
  }

  private static func seconds(since begin: ContinuousClock.Instant) -> Double {
    // Microseconds: further digits are noise.
    ((ContinuousClock.now - begin) / .microseconds(1)).rounded() / 1e6
  }
}
