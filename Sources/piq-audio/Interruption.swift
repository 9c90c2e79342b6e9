import Dispatch
import Files
import Foundation
import Glibc
import Synchronization

/// Ends the program on a signal without leaving half-written files.
struct Interruption {
  private let sources: [any DispatchSourceSignal]
  private static let received = Atomic<Int32>(0)

  /// The signal that asked long work to end in its own way; 0 if none did.
  static var signal: Int32 { received.load(ordering: .relaxed) }

  private static let endsWithItsReader = Atomic(false)

  /// Ends the program as SIGPIPE would, unless the caller had ignored that: nobody reads its
  /// standard output any more.
  static func readerHasLeft() {
    if endsWithItsReader.load(ordering: .relaxed) {
      AtomicFile.removeUnfinished(thenExit: 128 + SIGPIPE)
    }
  }

  private static func isIgnored(_ signal: Int32) -> Bool {
    var before = sigaction()
    sigaction(signal, nil, &before)
    return unsafeBitCast(before.__sigaction_handler, to: Int.self) == 1
  }

  /// Starts to watch for Ctrl-C, a hang-up and a request to end; what the caller had ignored, as
  /// nohup does, stays ignored. Keep the result while files are written.
  ///
  /// - Parameter isGentle: whether the first signal is only noted, for work that looks at `signal`.
  init(isGentle: Bool = false) {
    // A file beyond the limit of `ulimit -f` is a failed write like any other.
    Glibc.signal(SIGXFSZ, SIG_IGN)
    // The signal would leave what other threads are writing.
    if !Self.isIgnored(SIGPIPE) {
      Glibc.signal(SIGPIPE, SIG_IGN)
      Self.endsWithItsReader.store(true, ordering: .relaxed)
    }
    sources = [SIGINT, SIGTERM, SIGHUP].compactMap { number in
      guard !Self.isIgnored(number) else { return nil }
      Glibc.signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      // 130 for Ctrl-C, as shells have it.
      source.setEventHandler {
        if isGentle, Self.received.exchange(number, ordering: .relaxed) == 0 { return }
        AtomicFile.removeUnfinished(thenExit: 128 + number)
      }
      source.resume()
      return source
    }
  }
}
