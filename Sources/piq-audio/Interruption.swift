import Dispatch
import Files
import Foundation

/// Ends the program on a signal without leaving half-written files.
struct Interruption {
  private let sources: [any DispatchSourceSignal]

  /// Starts to watch for Ctrl-C, a hang-up and a request to end. Keep the result while files are
  /// written.
  init() {
    sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      // 130 for Ctrl-C, as shells have it.
      source.setEventHandler { AtomicFile.removeUnfinished(thenExit: 128 + number) }
      source.resume()
      return source
    }
  }
}
