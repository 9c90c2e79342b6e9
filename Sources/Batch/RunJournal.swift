import Files
import Foundation
import Synchronization

/// What a run has done, written down as it goes, so that the same command can go on where it was
/// interrupted, even by a power cut.
///
/// A line of JSON for each clip that is done follows the clip's outputs. When the run ends the lines
/// are put in the order of the inputs, so that an interrupted run leaves the same file in the end.
/// While the object lives no other run can use the same journal.
public final class RunJournal: Sendable {
  /// A clip that is done.
  public struct Entry: Sendable, Codable, Equatable {
    /// The path of the sound file as it was given.
    public var input: String
    /// Its size in bytes, and when it was changed, in nanoseconds since 1970.
    public var size, modified: Int64
    /// The model and the settings, in words.
    public var settings: String
    /// The sizes of its outputs in bytes, by path.
    public var outputs: [String: Int64]
    /// What was found.
    public var report: ClipReport
  }

  private struct State {
    var handle: Int32
    var entries: [String: Entry]
  }

  /// The journal's path.
  public let path: String
  private let settings: String
  private let state: Mutex<State>

  /// Opens the journal at `path`, made if missing; its folder must be there.
  ///
  /// - Parameters:
  ///   - settings: the model and all that an output depends on; entries of others do not count.
  ///   - resuming: whether to go on with what is there; otherwise it is emptied.
  /// - Throws: `FileError` when it cannot be used; `BatchError` when another run uses it.
  public init(path: String, settings: String, resuming: Bool) throws {
    let handle = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard handle >= 0 else { throw FileError(path: path, action: "write it", errno: errno) }
    guard flock(handle, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(handle)
      guard code == EWOULDBLOCK else {
        throw FileError(path: path, action: "lock it", errno: code)
      }
      throw BatchError(
        kind: .busy, path: Folder.parent(of: path),
        problem: "another run is writing its outputs there",
        remedy: "wait until it ends, or choose another --output-dir")
    }
    let data: Data
    do {
      data = resuming ? try Self.wholeLines(of: handle, path) : Data()
      // What follows is not to be appended to half a line.
      guard ftruncate(handle, off_t(data.count)) == 0 else {
        throw FileError(path: path, action: "write it", errno: errno)
      }
    } catch {
      close(handle)
      throw error
    }
    self.path = path
    self.settings = settings
    state = Mutex(State(handle: handle, entries: Self.entries(in: data)))
  }

  deinit { state.withLock { _ = close($0.handle) } }

  /// The report of a clip that needs nothing done: neither it, nor the settings, nor its outputs
  /// have changed.
  public func report(of job: ClipJob) -> ClipReport? {
    guard let entry = state.withLock({ $0.entries[job.input.path] }),
      entry.settings == settings, let file = FileFacts(job.input.path),
      entry.size == file.size, entry.modified == file.modified,
      entry.outputs.allSatisfy({ FileFacts($0.key)?.size == $0.value })
    else { return nil }
    return entry.report
  }

  /// Notes that a clip is done.
  ///
  /// - Parameter before: what the input was when the work on it began.
  /// - Throws: `FileError`.
  public func note(_ job: ClipJob, _ report: ClipReport, _ before: FileFacts) throws {
    let outputs = try report.outputs.values.map { path in
      guard let file = FileFacts(path) else {
        throw FileError(path: path, action: "find it again", errno: errno)
      }
      return (path, file.size)
    }
    let entry = Entry(
      input: job.input.path, size: before.size, modified: before.modified, settings: settings,
      outputs: Dictionary(outputs) { $1 }, report: report)
    let line = Array((try Self.line(entry) + "\n").utf8)
    try state.withLock { state in
      // In one piece: what a kill cuts is the last line, and a line without its end does not count.
      let written = line.withUnsafeBytes { write(state.handle, $0.baseAddress, $0.count) }
      guard written == line.count else {
        throw FileError(path: path, action: "write it", errno: written < 0 ? errno : ENOSPC)
      }
      state.entries[entry.input] = entry
    }
  }

  /// Puts the entries of a finished run in the order of its inputs; those of others are forgotten.
  ///
  /// - Throws: `FileError`.
  public func finish(_ inputs: [String]) throws {
    try state.withLock { state in
      let entries = inputs.compactMap { state.entries[$0] }.filter { $0.settings == settings }
      let lines = try entries.map { try Self.line($0) + "\n" }
      try AtomicFile.write(Array(lines.joined().utf8), to: path)
    }
  }

  private static func line(_ entry: Entry) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(entry), as: UTF8.self)
  }

  private static func wholeLines(of handle: Int32, _ path: String) throws -> Data {
    let data: Data
    do {
      data = try FileHandle(fileDescriptor: handle, closeOnDealloc: false).readToEnd() ?? Data()
    } catch {
      throw FileError(
        path: path, problem: "could not be read", remedy: "remove it, and the run starts anew")
    }
    return data.lastIndex(of: UInt8(ascii: "\n")).map { data[...$0] } ?? Data()
  }

  /// The entries of lines; the last one of an input counts.
  private static func entries(in data: Data) -> [String: Entry] {
    let decoder = JSONDecoder()
    let entries = data.split(separator: UInt8(ascii: "\n")).compactMap {
      try? decoder.decode(Entry.self, from: $0)
    }
    return Dictionary(entries.map { ($0.input, $0) }) { $1 }
  }
}

/// What tells whether a file is still the same.
public struct FileFacts: Sendable, Equatable {
  /// In bytes.
  public let size: Int64
  /// When it was changed, in nanoseconds since 1970.
  public let modified: Int64

  /// Those of the file at `path`; nil where there is none.
  public init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    size = Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
  }
}
