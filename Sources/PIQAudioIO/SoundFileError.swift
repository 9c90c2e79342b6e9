public import PIQPlatform

/// A sound file that cannot be read or written.
///
/// Its description is one line: the path, what is wrong, and what to do about it.
public struct SoundFileError: FailureConvertible, CustomStringConvertible, Equatable {
  /// The problem with a sound file.
  public enum Problem: Equatable, Sendable {
    /// The system refused: a missing file, no permission, a full disk.
    case file(Failure)
    /// A folder where a file was expected.
    case folder
    /// A device or another special file.
    case notARegularFile
    /// A file of no bytes.
    case empty
    /// A format unknown to all decoders.
    case notSound
    /// A format or encoding that needs ffmpeg, which this machine lacks; completes "holds …".
    case needsFFmpeg(String)
    /// An encoding that no decoder on this machine reads; completes "cannot be decoded: …".
    case unsupported(String)
    /// A MIDI sample dump, which libsndfile does not read reliably.
    case midiSampleDump
    /// A known format with contents that libsndfile refuses, in its words.
    case malformed(String)
    /// A header with a channel count of zero.
    case noChannels
    /// Parts of different rates or channels, where pieces are to be cut out.
    case changesFormat
    /// A channel that the file does not have, from 1, and how many it has.
    case noChannel(Int, of: Int)
    /// A header with no usable sample rate.
    case noSampleRate
    /// A header, and no sound after it.
    case noSamples
    /// A sample that is not a number or is infinite. `frame` counts from 0 in the file, `channel`
    /// from 1.
    case notFinite(value: Float, frame: Int, sampleRate: Int, channel: Int)
    /// Fewer bytes at the end than when it was opened.
    case shrank
    /// More sound than is held in memory at once.
    case tooLong(seconds: Double, limit: Double)
    /// A format that libsndfile does not write at this sample rate, in its words.
    case cannotEncode(String)
    /// More sound than a WAV file's 32-bit sizes can describe.
    case tooLargeForWAV
  }

  /// The file concerned, as it was given.
  public let path: String
  /// The problem.
  public let problem: Problem

  /// The error for `path` with `problem`.
  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }

  public var failure: Failure {
    if case .file(let failure) = problem { return failure }
    let (problem, remedy) = words
    let code: Failure.Code =
      switch self.problem {
      case .tooLong: .clipTooLong
      case .noChannel: .channelNotFound
      default: .soundUnusable
      }
    return Failure(code, path: path, problem: problem, remedy: remedy, underlying: self)
  }

  /// The error behind a failed system call on `path`; `action` completes "could not …".
  static func system(path: String, action: String, errno code: Int32) -> SoundFileError {
    SoundFileError(path: path, problem: .file(Failure(path: path, action: action, errno: code)))
  }

  public var description: String { failure.description }

  private var words: (problem: String, remedy: String) {
    switch problem {
    case .file(let failure): (failure.problem, failure.remedy ?? "")
    case .folder: ("is a folder", "name a sound file")
    case .notARegularFile: ("is neither a file nor a pipe", "name a sound file")
    case .empty: ("is empty", "check how the file was made or copied")
    case .notSound:
      (
        "holds no sound in a format that can be read",
        "convert it to WAV or FLAC, or check that it is a sound file"
      )
    case .needsFFmpeg(let format):
      (
        "holds \(format), which needs ffmpeg",
        "install it (apt install ffmpeg), or convert the file to WAV or FLAC"
      )
    case .unsupported(let reason):
      ("cannot be decoded: \(reason)", "convert it to WAV or FLAC, or check that it is whole")
    case .midiSampleDump: ("is a MIDI sample dump, which is not read", "convert it to WAV with sox")
    case .malformed(let reason): ("is damaged: \(reason)", "copy the file again or convert it anew")
    case .noChannels: ("has no channels", "check how the file was made")
    case .changesFormat:
      (
        "has parts of different rates or channels, out of which windows cannot be cut",
        "convert it to WAV or FLAC first"
      )
    case .noChannel(let channel, let count):
      (
        "has no channel \(channel), but \(count == 1 ? "only one" : "\(count) channels")",
        count == 1 ? "take that one" : "choose one from 1 to \(count)"
      )
    case .noSampleRate: ("has a header without a usable sample rate", "check how the file was made")
    case .noSamples: ("has no samples", "check that the recording was not cut off")
    case .notFinite(let value, let frame, let rate, let channel):
      (
        "has \(value.isNaN ? "a value that is not a number" : "an infinite value") at "
          + "\(seconds(Double(frame) / Double(rate))) s (sample \(frame), channel \(channel))",
        "repair the recording where it is, or make it anew"
      )
    case .shrank:
      ("became shorter while it was read", "wait until nothing writes to it, and try again")
    case .tooLong(let length, let limit):
      (
        "is too long to be held in memory: over \(seconds(length)) s where "
          + "\(seconds(limit)) s are allowed",
        "cut it into shorter files"
      )
    case .cannotEncode(let reason):
      ("could not be encoded: \(reason)", "choose another format, encoding or sample rate")
    case .tooLargeForWAV: ("would exceed the 4 GiB of a WAV file", "choose FLAC")
    }
  }
}

/// A time in seconds with at most three decimals, for messages.
func seconds(_ value: Double) -> String {
  guard value.magnitude < 1e15 else { return "\(value)" }
  let thousandths = Int((value * 1000).rounded())
  let fraction = String(thousandths % 1000 + 1000).dropFirst()
  let digits = fraction.reversed().drop { $0 == "0" }.reversed()
  return "\(thousandths / 1000)" + (digits.isEmpty ? "" : "." + String(digits))
}
