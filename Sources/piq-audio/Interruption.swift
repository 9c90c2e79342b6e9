import Dispatch
import Files
import Foundation

/// Ends the program on a signal without leaving half-written files.
struct Interruption {
  private let sources: [any DispatchSourceSignal]

  /// Starts to watch for Ctrl-C, a hang-up and a request to end; what the caller had ignored, as
  /// nohup does, stays ignored. Keep the result while files are written.
  init() {
    // A file beyond the limit of `ulimit -f` is a failed write like any other.
    signal(SIGXFSZ, SIG_IGN)
    sources = [SIGINT, SIGTERM, SIGHUP].compactMap { number in
      var before = sigaction()
      sigaction(number, nil, &before)
      guard unsafeBitCast(before.__sigaction_handler, to: Int.self) != 1 else { return nil }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      // 130 for Ctrl-C, as shells have it.
      source.setEventHandler { AtomicFile.removeUnfinished(thenExit: 128 + number) }
      source.resume()
      return source
    }
  }
}
