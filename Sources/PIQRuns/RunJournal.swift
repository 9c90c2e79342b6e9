import Foundation
public import PIQAudio
public import PIQPipeline
import Synchronization

/// A journal of the clips a run has done, so that the same command can continue after an
/// interruption, even by a power cut.
///
/// A line of JSON for each clip that is done follows the clip's outputs. When the run ends the
/// lines are put in the order of the inputs, so that an interrupted run finally leaves the same
/// file. While the object lives no other run can use the same journal.
public final class RunJournal: Sendable {
  /// A clip that is done.
  public struct Entry: Sendable, Codable, Equatable {
    /// The path of the sound file as it was given.
    public var input: String
    /// Its size in bytes, and when it was changed, in nanoseconds since 1970.
    public var size, modified: Int64
    /// The fingerprint of the model and the settings.
    public var settings: String
    /// The planned paths of its outputs, in order: one input may have several sets.
    public var plan: [String]
    /// The sizes of its outputs in bytes, by path.
    public var outputs: [String: Int64]
    /// The clip's report.
    public var report: ClipReport
  }

  /// The hash of an input and the plan of its outputs. In a collision, which is very unlikely, the
  /// line is another clip's, and the clip is processed again.
  private typealias Key = Int

  /// The position of a line in the file.
  private struct Place {
    var offset: Int
    var count: Int
  }

  private struct State {
    var handle: Int32
    /// The lines themselves stay in the file: a run of a hundred thousand clips has as many.
    var places: [Key: Place]
  }

  /// The journal's path.
  public let path: String
  private let settings: String
  private let state: Mutex<State>

  /// Opens the journal at `path`, made if missing; its folder must be there.
  ///
  /// - Parameters:
  ///   - settings: the fingerprint of all that an output depends on beside its input (see
  ///     `RunSettings`); other entries are ignored.
  ///   - resuming: whether to continue an existing journal; otherwise it is emptied.
  /// - Throws: `Failure` when it cannot be used, with the code `busy` when another run uses it.
  public init(path: String, settings: String, resuming: Bool) throws {
    let handle = try Self.openLocked(path)
    let (places, end): ([Key: Place], Int)
    do {
      (places, end) = resuming ? try Self.places(in: handle, path, of: settings) : ([:], 0)
      // New lines must not be appended to a partial line.
      guard ftruncate(handle, off_t(end)) == 0 else {
        throw Failure(path: path, action: "write it", errno: errno)
      }
    } catch {
      Self.release(handle)
      throw error
    }
    self.path = path
    self.settings = settings
    state = Mutex(State(handle: handle, places: places))
  }

  deinit { state.withLock { Self.release($0.handle) } }

  /// Closes and unlocks the file. Closing alone would leave it locked while a process that was just
  /// started has the handle, too: until its own program begins.
  private static func release(_ handle: Int32) {
    flock(handle, LOCK_UN)
    close(handle)
  }

  /// The report of an unchanged clip: one whose input, settings and outputs are the same.
  public func report(of job: ClipJob) -> ClipReport? {
    guard job.input.path != "-", let line = try? line(of: job),
      let entry = try? JSON.decode(Entry.self, from: line),
      // One channel has the outputs of another.
      entry.report.channel == job.input.channel,
      Self.bytes(entry.input, entry.plan) == Self.bytes(job.input.path, job.plan),
      let file = FileFacts(job.input.path),
      entry.size == file.size, entry.modified == file.modified,
      entry.outputs.allSatisfy({ FileFacts($0.key)?.size == $0.value })
    else { return nil }
    return entry.report
  }

  /// Records that a clip is done.
  ///
  /// - Parameter before: the input's facts when processing began.
  /// - Throws: `Failure`.
  public func note(_ job: ClipJob, _ report: ClipReport, _ before: FileFacts) throws {
    let outputs = try report.outputs.values.map { path in
      guard let file = FileFacts(path) else {
        throw Failure(path: path, action: "find it again", errno: errno)
      }
      return (path, file.size)
    }
    let entry = Entry(
      input: job.input.path, size: before.size, modified: before.modified, settings: settings,
      plan: job.plan, outputs: Dictionary(outputs) { $1 }, report: report)
    let line = try JSON.line(entry) + "\n"
    let bytes = Array(line.utf8)
    try state.withLock { state in
      // In one call: a kill can only truncate the last line, and incomplete lines are ignored.
      let written = bytes.withUnsafeBytes { write(state.handle, $0.baseAddress, $0.count) }
      let code = errno
      let end = Int(lseek(state.handle, 0, SEEK_CUR))
      guard written == bytes.count else {
        // The next line must not follow a partial one.
        if written > 0 { _ = ftruncate(state.handle, off_t(end - written)) }
        throw Failure(path: path, action: "write it", errno: written < 0 ? code : ENOSPC)
      }
      state.places[Self.key(job.input.path, job.plan)] = Place(
        offset: end - bytes.count, count: bytes.count)
    }
  }

  /// The precision that an earlier run, or another shard, used in an output folder; nil without a
  /// journal.
  public static func precision(in folder: String) -> Precision? {
    let names = try? Folder.names(in: folder)
    for name in names ?? [] where name.hasPrefix(prefix) && name.hasSuffix(".jsonl") {
      let path = Folder.join(folder, name)
      let handle = path.withSystemPath { open($0, O_RDONLY | O_CLOEXEC) }
      guard handle >= 0 else { continue }
      defer { close(handle) }
      guard let start = try? read(handle, path, at: 0, most: blockSize),
        let line = start.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first,
        let entry = try? JSON.decode(Entry.self, from: line),
        let precision = entry.report.precision
      else { continue }
      return precision
    }
    return nil
  }

  /// The journal's name, before the shard's suffix.
  public static let prefix = ".piq-audio-journal"

  /// Puts the entries of a finished run in the order of its jobs; other entries are dropped.
  ///
  /// - Throws: `Failure`.
  public func finish(_ jobs: [ClipJob]) throws {
    try AtomicFile.write(to: path, isDurable: true) { append in
      for job in jobs {
        if let line = try line(of: job) { try line.withUnsafeBytes { try append($0) } }
      }
    }
  }

  /// The line of a clip; nil where there is none.
  private func line(of job: ClipJob) throws(Failure) -> [UInt8]? {
    let (place, handle) = state.withLock {
      ($0.places[Self.key(job.input.path, job.plan)], $0.handle)
    }
    guard let place else { return nil }
    let line = try Self.read(handle, path, at: place.offset, most: place.count)
    // Where a file system has no locks, another run may have moved it.
    let isWhole =
      line.count == place.count && line.first == UInt8(ascii: "{")
      && line.firstIndex(of: UInt8(ascii: "\n")) == line.count - 1
    return isWhole ? line : nil
  }

  private static func bytes(_ input: String, _ plan: [String]) -> [UInt8] {
    // By bytes: strings that only look the same are equal to Swift.
    ([input] + plan).reduce(into: []) { $0 += Array($1.utf8) + [0] }
  }

  private static func key(_ input: String, _ plan: [String]) -> Key { bytes(input, plan).hashValue }

  /// Opens and locks the file, if its file system supports locks.
  private static func openLocked(_ path: String) throws -> Int32 {
    while true {
      let handle = path.withSystemPath {
        open($0, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
      }
      guard handle >= 0 else { throw Failure(path: path, action: "write it", errno: errno) }
      if flock(handle, LOCK_EX | LOCK_NB) == 0 {
        // A run that ended in between has put another file in its place.
        var (mine, named) = (stat(), stat())
        if fstat(handle, &mine) == 0, path.withSystemPath({ stat($0, &named) }) == 0,
          mine.st_ino == named.st_ino,
          mine.st_dev == named.st_dev
        {
          return handle
        }
        release(handle)
        continue
      }
      let code = errno
      // Some network file systems have none.
      if [ENOSYS, EOPNOTSUPP, ENOLCK].contains(code) { return handle }
      close(handle)
      if code == EINTR { continue }
      guard code == EWOULDBLOCK else { throw Failure(path: path, action: "lock it", errno: code) }
      throw Failure(
        .busy, path: Folder.parent(of: path), problem: "another run is writing its outputs there",
        remedy: "wait until it ends, or choose another output folder", isTransient: true)
    }
  }

  /// Bytes that are read at a time.
  private static let blockSize = 1 << 20
  /// A longer line is invalid, and all after it is ignored.
  private static let longestLine = 64 << 20

  /// The positions of the entries with these settings, the last for each input, and the end of the
  /// last complete line.
  private static func places(
    in handle: Int32, _ path: String, of settings: String
  ) throws -> (places: [Key: Place], end: Int) {
    var places: [Key: Place] = [:]
    var end = 0
    var offset = 0
    // The part read so far of the incomplete line that begins at `end`.
    var line: [UInt8] = []
    while line.count <= longestLine,
      case let block = try read(handle, path, at: offset, most: blockSize), !block.isEmpty
    {
      offset += block.count
      var rest = block[...]
      while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
        line += rest[..<newline]
        rest = rest[(newline + 1)...]
        let place = Place(offset: end, count: line.count + 1)
        end += place.count
        if let entry = try? JSON.decode(Entry.self, from: line) {
          places[key(entry.input, entry.plan)] = entry.settings == settings ? place : nil
        }
        line = []
      }
      line += rest
    }
    return (places, end)
  }

  /// Up to `count` bytes from `offset`; fewer at the end.
  private static func read(
    _ handle: Int32, _ path: String, at offset: Int, most count: Int
  ) throws(Failure) -> [UInt8] {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let received = pread(
          handle, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
        if received < 0 && errno == EINTR { continue }
        if received < 0 { code = errno }
        if received <= 0 { break }
        filled += received
      }
    }
    guard code == 0 else { throw Failure(path: path, action: "read it", errno: code) }
    return bytes
  }
}

extension ClipJob {
  /// The paths of its outputs, in order.
  fileprivate var plan: [String] {
    outputs.values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
