import PIQAudio

/// Takes a recording through sliding windows, several at a time, in memory that does not grow with
/// its length.
package struct WindowPass: Sendable {
  private let windows: SlidingWindows
  private let division: OrderedWork

  /// How many windows may wait for those before them, for each that is under way.
  private static let aheadPerJob = 3

  /// A pass that takes `jobs` windows at a time, with a thread each.
  package init(_ windows: SlidingWindows, jobs: Int) {
    self.windows = windows
    division = OrderedWork(jobs, jobs: jobs, threads: 1)
  }

  /// Does the work, and returns when all of it is done. What comes out does not depend on `jobs`.
  ///
  /// - Parameters:
  ///   - read: the next samples of the recording, or nil at its end.
  ///   - explain: gives a sound of as many samples as the window's, and whatever else there is to
  ///     say; called by several threads.
  ///   - write: called with each window, the samples of the recording from its `coreStart` on that
  ///     are complete with it, and what `explain` said, in order. It and `read` are called by one
  ///     thread at a time.
  /// - Throws: what any of them throws.
  package func run<Output: Sendable>(
    read: @escaping () throws -> [Float]?,
    explain: @escaping @Sendable (SampleWindow) throws -> (sound: [Float], output: Output),
    write: @escaping (SampleWindow, [Float], Output) throws -> Void
  ) throws {
    var cutter = WindowCutter(windows)
    var crossFade = CrossFade(windows)
    try division.run(ahead: Self.aheadPerJob * division.jobs) {
      try cutter.next(read)
    } work: { window in
      try explain(window)
    } finish: { window, result in
      let (sound, output) = try result.get()
      try write(window, crossFade.join(sound, of: window), output)
    }
  }
}
