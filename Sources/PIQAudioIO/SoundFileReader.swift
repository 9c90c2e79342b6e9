import CPIQSndfile
import Foundation
import PIQPlatform

/// Reads a sound file block by block as one channel of `Float`: the mean of its channels.
///
/// Opens every format that libsndfile knows, for any file name. Integer samples become fractions of
/// full scale; floating-point samples stay as they are.
///
///     let reader = try SoundFileReader(path: "clip.flac")
///     while case let block = try reader.read(upTo: 16_000), !block.isEmpty { … }
public final class SoundFileReader {
  /// The path as it was given, or "standard input".
  public let path: String
  /// Frames a second; positive.
  public let sampleRate: Int
  /// Channels in the file, before the mixdown; positive.
  public let channels: Int
  /// The number of frames in the header, if given. Not reliable.
  public let declaredFrames: Int?
  /// The container and the encoding in libsndfile's words.
  public let formatName: String
  /// How many frames have been read.
  public private(set) var framesRead = 0
  /// Whether the end was reached.
  public private(set) var isAtEnd = false
  /// Once the end was reached: what is missing from a truncated file.
  public private(set) var warning: String?

  private let handle: SoundFileHandle
  /// Bytes in the file when it was opened.
  private let byteCount: Int
  private var interleaved: [Float]
  /// The capacity of `interleaved` in frames.
  private let passFrames: Int

  /// Opens the sound file at `path`; "-" reads standard input to its end first.
  ///
  /// - Throws: `SoundFileError` when no sound can be read from it.
  public init(path: String) throws(SoundFileError) {
    let name = path == "-" ? "standard input" : path
    let bytes = try FileBytes.reading(path: path, name: name)
    byteCount = bytes.count
    guard !Self.isMIDISampleDump(bytes) else {
      throw SoundFileError(path: name, problem: .midiSampleDump)
    }
    if let place = Truncation.unfinishedDataSize(in: bytes) {
      bytes.replacement = (place, [0xFF, 0xFF, 0xFF, 0xFF])
    }
    do {
      handle = try SoundFileHandle(bytes, mode: SFM_READ)
    } catch {
      if bytes.failure != 0 { throw .system(path: name, action: "read it", errno: bytes.failure) }
      throw SoundFileError(path: name, problem: Self.problem(behind: error))
    }
    guard handle.info.channels > 0 else { throw SoundFileError(path: name, problem: .noChannels) }
    guard handle.info.samplerate > 0 else {
      throw SoundFileError(path: name, problem: .noSampleRate)
    }
    self.path = name
    sampleRate = Int(handle.info.samplerate)
    channels = Int(handle.info.channels)
    let frames = Int(handle.info.frames)
    declaredFrames = frames > 0 && frames < Int.max ? frames : nil
    formatName = handle.formatName
    passFrames = max(1, (64 << 10) / channels)
    interleaved = [Float](repeating: 0, count: passFrames * channels)
  }

  /// The next `frames` frames, each the mean of its channels; fewer at the end, none after it.
  ///
  /// - Throws: `SoundFileError` when a sample is not finite, when the file holds no sample at all,
  ///   or when the system cannot read it.
  public func read(upTo frames: Int) throws(SoundFileError) -> [Float] {
    var mono: [Float] = []
    mono.reserveCapacity(min(max(frames, 0), passFrames))
    while mono.count < frames && !isAtEnd {
      let wanted = min(passFrames, frames - mono.count)
      let received = interleaved.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.map { min(wanted, handle.read(into: $0, frames: wanted)) } ?? 0
      }
      try appendMean(ofFrames: received, to: &mono)
      framesRead += received
      if received < wanted { try finish() }
    }
    return mono
  }

  private func appendMean(ofFrames count: Int, to mono: inout [Float]) throws(SoundFileError) {
    let first = mono.count
    interleaved.withUnsafeBufferPointer { frames in
      if channels == 1 {
        mono.append(contentsOf: frames.prefix(count))
      } else {
        // The sum of finite samples is finite in double precision, so that the mean is not finite
        // only if a sample is not.
        let scale = 1 / Double(channels)
        for frame in 0..<count {
          var sum = 0.0
          for i in frame * channels..<(frame + 1) * channels { sum += Double(frames[i]) }
          mono.append(Float(sum * scale))
        }
      }
    }
    guard let bad = mono[first...].firstIndex(where: { !$0.isFinite }) else { return }
    let frame = bad - first
    let samples = interleaved[frame * channels..<(frame + 1) * channels]
    let index = samples.firstIndex { !$0.isFinite } ?? samples.startIndex
    throw SoundFileError(
      path: path,
      problem: .notFinite(
        value: interleaved[index], frame: framesRead + frame, sampleRate: sampleRate,
        channel: index - samples.startIndex + 1))
  }

  private func finish() throws(SoundFileError) {
    isAtEnd = true
    if handle.bytes.failure != 0 {
      throw .system(path: path, action: "read it", errno: handle.bytes.failure)
    }
    guard handle.bytes.count >= byteCount else {
      throw SoundFileError(path: path, problem: .shrank)
    }
    guard framesRead > 0 else { throw SoundFileError(path: path, problem: .noSamples) }
    let there = seconds(Double(framesRead) / Double(sampleRate))
    if let declaredFrames, framesRead < declaredFrames {
      let promised = seconds(Double(declaredFrames) / Double(sampleRate))
      warning = "ends early: \(there) s of \(promised) s are there and used"
    } else if isCut {
      warning = "ends early: the \(there) s that are there are used"
    }
  }

  private var isCut: Bool {
    if handle.info.format & Int32(SF_FORMAT_TYPEMASK) == Int32(SF_FORMAT_OGG) {
      return Truncation.isOggWithoutEnd(handle.bytes)
    }
    return handle.error != nil || Truncation.isNoted(in: handle.log)
  }

  /// From a damaged one libsndfile reads minutes of sound, and prints to standard output.
  private static func isMIDISampleDump(_ bytes: FileBytes) -> Bool {
    let head = bytes.bytes(at: 0, count: 4)
    return head.count == 4 && head[0] == 0xF0 && head[1] == 0x7E && head[2] < 0x80 && head[3] == 1
  }

  /// The problem behind libsndfile's message, which may refer to its internals.
  private static func problem(behind refusal: SoundFileHandle.Refusal) -> SoundFileError.Problem {
    if refusal.code == Int32(SF_ERR_UNRECOGNISED_FORMAT) { return .notSound }
    if refusal.reason.contains("Channel count is zero") { return .noChannels }
    if refusal.reason.contains("SF_INFO struct incomplete") { return .noSampleRate }
    // The message of a decoder that found nothing to decode.
    if refusal.reason.contains("not a regular file") { return .notSound }
    if refusal.code == Int32(SF_ERR_MALFORMED_FILE) {
      return .malformed("it is incomplete or does not follow its format")
    }
    var reason = refusal.reason[...]
    if let mark = reason.range(of: "Error : ") { reason = reason[mark.upperBound...] }
    while reason.last == "." || reason.last == "\n" { reason.removeLast() }
    return .malformed(printable(String(reason)))
  }
}
