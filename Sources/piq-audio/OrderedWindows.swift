import Foundation

/// Passes on the windows of several recordings, which are in process at the same time, in the order
/// of the recordings: those of the first unfinished one at once, those of others after it.
///
/// A recording that is far ahead waits, so that memory does not depend on lengths.
final class OrderedWindows<Window: Sendable>: @unchecked Sendable {
  // Sendable: what changes is behind the lock.
  private let condition = NSCondition()
  private let take: (Int, Window) throws -> Void
  private var turn = 0
  private var waiting: [Int: [Window]] = [:]
  private var isStopped = false

  /// The windows of a recording that may wait for their turn.
  private static var mostWaiting: Int { 4096 }

  /// - Parameter take: called with the index of a recording and a window, by one thread at a time.
  init(_ take: @escaping (Int, Window) throws -> Void) { self.take = take }

  /// Adds the next window of a recording.
  ///
  /// - Throws: what `take` throws; `CancellationError` after `stop`.
  func add(_ window: Window, of recording: Int) throws {
    condition.lock()
    defer { condition.unlock() }
    while !isStopped, turn != recording, waiting[recording]?.count ?? 0 >= Self.mostWaiting {
      condition.wait()
    }
    if isStopped { throw CancellationError() }
    if turn == recording {
      try take(recording, window)
    } else {
      waiting[recording, default: []].append(window)
    }
  }

  /// Ends a recording, whose turn it is; that of the next one follows.
  ///
  /// - Throws: what `take` throws.
  func end(_ recording: Int) throws {
    condition.lock()
    defer {
      condition.broadcast()
      condition.unlock()
    }
    turn = recording + 1
    for window in waiting.removeValue(forKey: turn) ?? [] { try take(turn, window) }
  }

  /// Ends all waiting.
  func stop() {
    condition.lock()
    isStopped = true
    condition.broadcast()
    condition.unlock()
  }
}
