import PIQAudio

/// Processes a recording in sliding windows, several at a time, in memory independent of its
/// length.
package struct WindowPass: Sendable {
  private let windows: SlidingWindows
  private let division: OrderedWork

  /// The windows that may wait for earlier ones, per window in process.
  private static let aheadPerJob = 3

  /// A pass that processes `jobs` windows at a time, with a thread each.
  package init(_ windows: SlidingWindows, jobs: Int) {
    self.windows = windows
    division = OrderedWork(jobs, jobs: jobs, threads: 1)
  }

  /// Runs to the end. The results do not depend on `jobs`.
  ///
  /// - Parameters:
  ///   - read: the next samples of the recording, or nil at its end.
  ///   - work: called by several threads.
  ///   - write: called with each window and the result of `work`, in order. It and `read` are called
  ///     by one thread at a time.
  /// - Throws: the errors of all three.
  package func run<Output: Sendable>(
    read: @escaping () throws -> [Float]?,
    work: @escaping @Sendable (SampleWindow) throws -> Output,
    write: @escaping (SampleWindow, Output) throws -> Void
  ) throws {
    var cutter = WindowCutter(windows)
    try division.run(ahead: Self.aheadPerJob * division.jobs) {
      try cutter.next(read)
    } work: { window in
      try work(window)
    } finish: { window, result in
      try write(window, result.get())
    }
  }
}
