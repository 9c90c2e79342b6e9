import Glibc
import PIQAudio
import Synchronization

/// Ends the program on a signal without leaving half-written files.
enum Interruption {
  private static let received = Atomic<Int32>(0)

  /// The signal that requested a graceful end of long work; 0 if none did.
  static var signal: Int32 { received.load(ordering: .relaxed) }

  private static let endsWithItsReader = Atomic(false)

  /// Ends the program as SIGPIPE would, unless the caller ignores it: standard output has no reader
  /// any more.
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

  /// Handles SIGINT, SIGHUP and SIGTERM from here on; signals that the caller ignores, as nohup
  /// does, stay ignored. Call it before other threads start.
  ///
  /// - Parameter isGentle: whether the first signal is only recorded in `signal`.
  static func watch(isGentle: Bool = false) {
    // Exceeding `ulimit -f` becomes an ordinary write error.
    Glibc.signal(SIGXFSZ, SIG_IGN)
    // The signal would leave partial files of other threads.
    if !isIgnored(SIGPIPE) {
      Glibc.signal(SIGPIPE, SIG_IGN)
      endsWithItsReader.store(true, ordering: .relaxed)
    }
    Self.isGentle.store(isGentle, ordering: .relaxed)
    var signals = watched
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { _ in
        var signals = Interruption.watched
        var number: Int32 = 0
        while sigwait(&signals, &number) == 0 { Interruption.take(number) }
        return nil
      }, nil)
    // Without a free thread, signals keep their default action.
    if code == 0 { pthread_detach(thread) } else { pthread_sigmask(SIG_UNBLOCK, &signals, nil) }
  }

  private static var watched: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) { sigaddset(&signals, number) }
    return signals
  }

  private static let isGentle = Atomic(false)

  private static func take(_ number: Int32) {
    let isFirst = received.exchange(number, ordering: .relaxed) == 0
    if isFirst, isGentle.load(ordering: .relaxed) { return }
    // 130 for Ctrl-C, as in shells.
    AtomicFile.removeUnfinished(thenExit: 128 + number)
  }
}
