import Foundation
import Synchronization

/// A running ffmpeg that decodes a file to its standard output. It is ended with this object.
///
/// It gets the open file and no name, so that no name can look like an option or an address. It may
/// open nothing but files, and no playlists.
final class FFmpegProcess {
  /// Why ffmpeg could not run: an error number of the system.
  struct Refusal: Error {
    let code: Int32
  }

  /// The beginning of what ffmpeg complained of.
  private(set) var complaint = ""

  private let pid: pid_t
  private let (sound, messages): (Int32, Int32)
  private var status: Int32?
  private static let mostComplaint = 4096
  /// One at a time, so that no process gets the pipes of another, which would not see their ends.
  private static let starting = Mutex<Void>(())

  /// Both ends of a pipe, closed with this object.
  private final class Pipe {
    private var ends: [Int32] = [-1, -1]

    init() throws(Refusal) {
      guard pipe(&ends) == 0 else { throw Refusal(code: errno) }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit { for end in ends where end >= 0 { close(end) } }

    var writing: Int32 { ends[1] }

    /// The reading end, which the caller closes.
    func takeReading() -> Int32 {
      defer { ends[0] = -1 }
      return ends[0]
    }
  }

  /// Where ffmpeg is; nil where it is not.
  static var path: String? {
    let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    return folders.split(separator: ":").lazy
      // A program in the folder of the recordings is none that the user installed.
      .filter { $0.hasPrefix("/") }.map { "\($0)/ffmpeg" }
      .first { access($0, X_OK) == 0 }
  }

  /// Decoders of files; playlists and devices are not among them.
  private static let formats =
    "mov,matroska,asf,wv,ape,amr,aac,mpc,mpc8,tta,tak,ac3,eac3,dts,dsf,iff,ogg,flac,mp3,wav,w64,"
    + "aiff,caf,au,g726,g726le,voc"

  /// Starts `ffmpeg` on the file behind `descriptor`, which must be able to seek.
  init(_ ffmpeg: String, reading descriptor: Int32) throws(Refusal) {
    let arguments = [
      ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe",
      "-format_whitelist", Self.formats, "-i", "file:/proc/self/fd/0", "-map", "0:a:0", "-vn",
      "-sn", "-dn", "-c:a", "pcm_f32be", "-f", "au", "pipe:1",
    ]
    (pid, sound, messages) = try Self.starting.withLock { _ throws(Refusal) in
      let (output, errors) = (try Pipe(), try Pipe())
      let pid = try Self.spawn(arguments, [descriptor, output.writing, errors.writing])
      return (pid, output.takeReading(), errors.takeReading())
    }
    _ = fcntl(messages, F_SETFL, O_NONBLOCK)
  }

  deinit {
    if status == nil { kill(pid, SIGKILL) }
    _ = wait()
    close(sound)
    close(messages)
  }

  /// Starts a process with these descriptors as its standard input, output and error.
  private static func spawn(
    _ arguments: [String], _ descriptors: [Int32]
  ) throws(Refusal) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for (i, descriptor) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(i))
    }
    // A group of its own: an interrupt from the keyboard is for this program, which then ends it.
    // The signals that this program ignores are not to be ignored there.
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var settings: [UnsafeMutablePointer<CChar>?] =
      ProcessInfo.processInfo.environment.filter {
        $0.key != "FFREPORT" && !$0.key.hasPrefix("AV_")
      }
      .map { strdup("\($0.key)=\($0.value)") } + [strdup("AV_LOG_FORCE_NOCOLOR=1"), nil]
    defer { for text in words + settings { free(text) } }
    var pid = pid_t()
    let code = posix_spawn(&pid, arguments[0], &actions, &attributes, &words, &settings)
    guard code == 0 else { throw Refusal(code: code) }
    return pid
  }

  /// Up to `count` bytes of its output; fewer at its end.
  func read(_ count: Int) throws(Refusal) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      // What it complains of is read meanwhile, so that it never waits for that.
      var ends = [
        pollfd(fd: sound, events: Int16(POLLIN), revents: 0),
        pollfd(fd: messagesAreOpen ? messages : -1, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&ends, 2, -1) >= 0 else {
        if errno == EINTR { continue }
        throw Refusal(code: errno)
      }
      if ends[1].revents != 0 { readMessages() }
      guard ends[0].revents != 0 else { continue }
      let received = bytes.withUnsafeMutableBytes { buffer in
        Foundation.read(sound, buffer.baseAddress.map { $0 + filled }, count - filled)
      }
      if received < 0 && (errno == EINTR || errno == EAGAIN) { continue }
      guard received >= 0 else { throw Refusal(code: errno) }
      if received == 0 { break }
      filled += received
    }
    return Array(bytes[..<filled])
  }

  private var messagesAreOpen = true

  private func readMessages() {
    var block = [UInt8](repeating: 0, count: 4096)
    while true {
      let received = Foundation.read(messages, &block, block.count)
      if received < 0 && errno == EINTR { continue }
      if received < 0 && errno == EAGAIN { return }
      guard received > 0 else {
        messagesAreOpen = false
        return
      }
      if complaint.utf8.count < Self.mostComplaint {
        complaint += String(decoding: block[..<received], as: UTF8.self)
      }
    }
  }

  /// Waits until it has ended; returns whether it succeeded.
  func finish() -> Bool {
    // Its output has ended, and it may still have much to say.
    while messagesAreOpen {
      var end = pollfd(fd: messages, events: Int16(POLLIN), revents: 0)
      guard poll(&end, 1, -1) >= 0 || errno == EINTR else { break }
      if end.revents != 0 { readMessages() }
    }
    return wait() == 0
  }

  private func wait() -> Int32 {
    if let status { return status }
    var raw: Int32 = 0
    var ended = waitpid(pid, &raw, 0)
    while ended < 0, errno == EINTR { ended = waitpid(pid, &raw, 0) }
    status = ended == pid ? raw : -1
    return status ?? -1
  }
}
