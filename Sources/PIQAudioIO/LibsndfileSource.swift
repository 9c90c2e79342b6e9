import CPIQSndfile
import Foundation
import PIQPlatform

/// A sound file that libsndfile decodes: WAV, AIFF, CAF and the like.
final class LibsndfileSource: SoundSource {
  let formatName: String
  let declaredFrames: Int?
  let encoding: SampleEncoding?
  private(set) var remarks = SoundRemarks()

  private let handle: SoundFileHandle
  private let (channels, sampleRate): (Int, Int)
  /// Whether the header promises more than there is.
  private let isCut: Bool
  private var framesRead = 0
  private var isAtEnd = false

  /// Opens `bytes`, or passes them to ffmpeg where libsndfile lacks their encoding; nil where it
  /// does not know the format.
  ///
  /// - Throws: `SoundFileError` when no sound can be read from them.
  static func open(_ bytes: FileBytes, name: String) throws(SoundFileError) -> (any SoundSource)? {
    guard !isMIDISampleDump(bytes) else {
      throw SoundFileError(path: name, problem: .midiSampleDump)
    }
    guard !looksLikeMPEG(bytes) else { return nil }
    let header = UnfinishedHeader.find(in: bytes)
    bytes.patches = header?.patches ?? []
    do {
      let handle = try SoundFileHandle(bytes, mode: SFM_READ)
      return try LibsndfileSource(handle, header: header, name: name)
    } catch let error as SoundFileHandle.Refusal {
      if bytes.failure != 0 { throw .system(path: name, action: "read it", errno: bytes.failure) }
      if let encoding = WAVEncoding.lacking(in: bytes) {
        var remarks = SoundRemarks()
        remarks.endsEarly = WAVEncoding.isCut(bytes)
        return try FFmpegSource(bytes, name: name, formatName: encoding, remarks: remarks)
      }
      let problem = problem(behind: error)
      if case .unsupported = problem {
        return try FFmpegSource(bytes, name: name, formatName: "an unusual encoding")
      }
      if case .notSound = problem { return nil }
      throw SoundFileError(path: name, problem: problem)
    } catch let error as SoundFileError {
      throw error
    } catch {
      throw SoundFileError(path: name, problem: .notSound)
    }
  }

  private init(
    _ handle: SoundFileHandle, header: UnfinishedHeader?, name: String
  ) throws(SoundFileError) {
    guard handle.info.channels > 0 else { throw SoundFileError(path: name, problem: .noChannels) }
    guard handle.info.samplerate > 0 else {
      throw SoundFileError(path: name, problem: .noSampleRate)
    }
    self.handle = handle
    channels = Int(handle.info.channels)
    sampleRate = Int(handle.info.samplerate)
    formatName = handle.formatName
    encoding =
      switch Int(handle.info.format) & Int(SF_FORMAT_SUBMASK) {
      case Int(SF_FORMAT_PCM_16): .pcm16
      case Int(SF_FORMAT_PCM_24): .pcm24
      default: nil
      }
    let frames = Int(handle.info.frames)
    declaredFrames = frames > 0 && frames < Int.max ? frames : nil
    remarks.isUnfinished = header?.isWorthAWarning ?? false
    isCut = header?.isCut ?? false
  }

  func next() throws(SoundFileError) -> SoundBlock? {
    guard !isAtEnd else { return nil }
    let wanted = SoundBlock.mostFrames(channels: channels)
    let samples = [Float](unsafeUninitializedCapacity: wanted * channels) { buffer, count in
      let frames = buffer.baseAddress.map { min(wanted, handle.read(into: $0, frames: wanted)) }
      count = (frames ?? 0) * channels
    }
    framesRead += samples.count / channels
    if samples.count < wanted * channels { finish() }
    guard !samples.isEmpty else { return nil }
    return SoundBlock(samples: samples, channels: channels, sampleRate: sampleRate)
  }

  private func finish() {
    isAtEnd = true
    if let declaredFrames, framesRead < declaredFrames {
      remarks.endsEarly = true
      remarks.promised = Double(declaredFrames) / Double(sampleRate)
    } else {
      remarks.endsEarly = isCut || handle.error != nil || handle.notesMissingBytes
    }
  }

  /// From a damaged one libsndfile reads minutes of sound, and prints to standard output.
  private static func isMIDISampleDump(_ bytes: FileBytes) -> Bool {
    let head = bytes.bytes(at: 0, count: 4)
    return head.count == 4 && head[0] == 0xF0 && head[1] == 0x7E && head[2] < 0x80 && head[3] == 1
  }

  /// Whether libsndfile would give the file to libmpg123, and let it print to standard error: of MPEG
  /// audio, `MPEGSource` has taken what can be decoded.
  private static func looksLikeMPEG(_ bytes: FileBytes) -> Bool {
    let head = bytes.bytes(at: 0, count: 3)
    return head.elementsEqual("ID3".utf8) || WAVEncoding.isMPEG(bytes)
      || head.count == 3 && head[0] == 0xFF && head[1] & 0xE0 == 0xE0
  }

  /// The problem behind libsndfile's message, which may refer to its internals.
  private static func problem(behind refusal: SoundFileHandle.Refusal) -> SoundFileError.Problem {
    if refusal.code == Int32(SF_ERR_UNRECOGNISED_FORMAT) { return .notSound }
    if refusal.reason.contains("Channel count is zero") { return .noChannels }
    if refusal.reason.contains("SF_INFO struct incomplete") { return .noSampleRate }
    // The message of a decoder that found nothing to decode.
    if refusal.reason.contains("not a regular file") { return .notSound }
    if refusal.code == Int32(SF_ERR_UNSUPPORTED_ENCODING) { return .unsupported("its encoding") }
    if refusal.code == Int32(SF_ERR_MALFORMED_FILE) {
      return .malformed("it is incomplete or does not follow its format")
    }
    var reason = refusal.reason[...]
    if let mark = reason.range(of: "Error : ") { reason = reason[mark.upperBound...] }
    while reason.last == "." || reason.last == "\n" { reason.removeLast() }
    if reason.contains("nsupported") || reason.contains("not supported")
      || reason.contains("not implemented")
    {
      return .unsupported("its encoding")
    }
    return .malformed(printable(String(reason)))
  }
}

extension SoundFileHandle {
  /// Whether libsndfile noted that the sound is shorter than its header says.
  fileprivate var notesMissingBytes: Bool {
    // Programs that write to a pipe use sizes from here on for an unknown size.
    let unknownSize = 0x7FFF_0000
    return log.split(separator: "\n").contains { line in
      // As in "data : 96000 (should be 47978)".
      let parts = line.split(whereSeparator: { ":()".contains($0) })
        .map { $0.drop { $0 == " " } }
      guard parts.count >= 3,
        ["data", "SSND", "Data Size", "riff", "Riff size"].contains(where: {
          parts[0].hasPrefix($0)
        }),
        parts[2].hasPrefix("should be "),
        let said = Int(parts[1].prefix { $0.isNumber }),
        let found = Int(parts[2].dropFirst("should be ".count))
      else { return false }
      return found < said && said < unknownSize
    }
  }
}
