import Glibc
import PIQAudio
import Synchronization

/// Ends the program on a signal without leaving half-written files.
enum Interruption {
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

  /// Watches for Ctrl-C, a hang-up and a request to end from here on; what the caller had ignored, as
  /// nohup does, stays ignored. Call it before there are other threads.
  ///
  /// - Parameter isGentle: whether the first signal is only noted, for work that looks at `signal`.
  static func watch(isGentle: Bool = false) {
    // A file beyond the limit of `ulimit -f` is a failed write like any other.
    Glibc.signal(SIGXFSZ, SIG_IGN)
    // The signal would leave what other threads are writing.
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
    // Without a thread to spare a signal ends the program as it ends any other.
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
    // 130 for Ctrl-C, as shells have it.
    AtomicFile.removeUnfinished(thenExit: 128 + number)
  }
}
