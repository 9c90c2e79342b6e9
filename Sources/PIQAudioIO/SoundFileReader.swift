import Foundation

/// Reads a sound file block by block as one channel of `Float`: the mean of its channels, or one of
/// them.
///
/// Opens every format of `SoundSources`, for any file name. Integer samples become fractions of
/// full scale; floating-point samples stay as they are. Reads until nothing is left.
///
///     let reader = try SoundFileReader(path: "clip.flac")
///     while case let block = try reader.read(upTo: 16_000), !block.isEmpty { … }
public final class SoundFileReader {
  /// The path as it was given, or "standard input".
  public let path: String
  /// Frames a second; positive. Parts of other rates are resampled to that of the first.
  public let sampleRate: Int
  /// Channels in the file; positive. Those of the first part.
  public let channels: Int
  /// The channel that is read, from 1; the mean of all if nil.
  public let channel: Int?
  /// The number of frames in the header, if given, or an estimate. Not reliable.
  public let declaredFrames: Int?
  /// The container and the encoding in the decoder's words.
  public let formatName: String
  /// How many frames have been read.
  public private(set) var framesRead = 0
  /// Whether the end was reached.
  public private(set) var isAtEnd = false
  /// Once the end was reached: what is missing from the file, or is doubtful.
  public private(set) var warning: String?
  /// Once the end was reached: false where a file that can mark its end does not, and yet nothing is
  /// known to be missing.
  public private(set) var hasEndFlag = true

  /// The part of a warning that says what can be done about channels that cancel.
  public static let channelAdvice = "one of them can be taken instead"

  /// Once the end was reached: whether nothing was recorded, as `Silence` has it.
  public var isSilent: Bool { isAtEnd && levels.isSilent }

  private let source: any SoundSource
  private let bytes: FileBytes
  /// Bytes in the file when it was opened.
  private let byteCount: Int
  /// Samples that were decoded and not yet asked for.
  private var pending: ArraySlice<Float> = []
  /// A block with another rate than the first is resampled, each stretch of one rate by itself.
  private var stream: ResamplerStream?
  private var streamRate: Int
  private var hasOtherFormats = false
  private var levels: ChannelLevels
  /// How many frames of the file were decoded.
  private var framesDecoded = 0

  /// Opens the sound file at `path`; "-" reads standard input to its end first.
  ///
  /// - Parameter channel: the channel to read, from 1; the mean of all if nil.
  /// - Throws: `SoundFileError` when no sound can be read from it, or it lacks the channel.
  public init(path: String, channel: Int? = nil) throws(SoundFileError) {
    let name = path == "-" ? "standard input" : path
    let bytes = try FileBytes.reading(path: path, name: name)
    let byteCount = bytes.count
    let source = try SoundSources.open(bytes, name: name)
    // The first block says what the file holds; headers do so in some formats alone.
    let first = try source.next()
    guard bytes.failure == 0 else {
      throw .system(path: name, action: "read it", errno: bytes.failure)
    }
    guard let first else { throw SoundFileError(path: name, problem: .noSamples) }
    self.path = name
    self.source = source
    self.bytes = bytes
    self.byteCount = byteCount
    (sampleRate, channels, self.channel) = (first.sampleRate, first.channels, channel)
    levels = ChannelLevels(channels: channel == nil ? first.channels : 1)
    streamRate = first.sampleRate
    declaredFrames = source.declaredFrames
    formatName = source.formatName
    pending = try mono(of: first)[...]
  }

  /// The next `frames` frames, each as one sample; fewer at the end, none after it.
  ///
  /// - Throws: `SoundFileError` when a sample is not finite, or when the system cannot read it.
  public func read(upTo frames: Int) throws(SoundFileError) -> [Float] {
    var mono: [Float] = []
    while mono.count < frames && !isAtEnd {
      let piece = pending.prefix(frames - mono.count)
      mono += piece
      pending = pending.dropFirst(piece.count)
      framesRead += piece.count
      if mono.count < frames { try load() }
    }
    return mono
  }

  /// Decodes the next samples, or finishes.
  private func load() throws(SoundFileError) {
    if let block = try source.next() {
      pending = try resampled(block)[...]
    } else if let rest = stream?.finish(), !rest.isEmpty {
      stream = nil
      pending = rest[...]
    } else {
      try finish()
    }
  }

  /// A block at the rate of the first.
  private func resampled(_ block: SoundBlock) throws(SoundFileError) -> [Float] {
    if block.channels != channels { hasOtherFormats = true }
    let mono = try mono(of: block)
    guard block.sampleRate != streamRate else { return stream?.resample(mono) ?? mono }
    hasOtherFormats = true
    streamRate = block.sampleRate
    let rest = stream?.finish() ?? []
    stream =
      streamRate == sampleRate ? nil : ResamplerStream(.cached(from: streamRate, to: sampleRate))
    return rest + (stream?.resample(mono) ?? mono)
  }

  /// What is read of a block: the channel, or the mean of all.
  private func mono(of block: SoundBlock) throws(SoundFileError) -> [Float] {
    let (frames, channels) = (block.samples, block.channels)
    var mono = try block.samples(of: channel, path: path)
    if channels > 1, channel == nil {
      // The sum of finite samples is finite in double precision, so that the mean is not finite
      // only if a sample is not.
      let scale = 1 / Double(channels)
      mono = [Float](unsafeUninitializedCapacity: block.frames) { buffer, count in
        frames.withUnsafeBufferPointer { frames in
          for frame in 0..<buffer.count {
            var sum = 0.0
            for i in frame * channels..<(frame + 1) * channels { sum += Double(frames[i]) }
            buffer[frame] = Float(sum * scale)
          }
        }
        count = block.frames
      }
    }
    if let frame = mono.firstIndex(where: { !$0.isFinite }) {
      let samples = frames[frame * channels..<(frame + 1) * channels]
      let index =
        channel.map { samples.startIndex + $0 - 1 } ?? samples.firstIndex { !$0.isFinite }
        ?? samples.startIndex
      throw SoundFileError(
        path: path,
        problem: .notFinite(
          value: frames[index], frame: framesDecoded + frame, sampleRate: block.sampleRate,
          channel: index - samples.startIndex + 1))
    }
    framesDecoded += mono.count
    levels.add(block, taken: mono)
    return mono
  }

  private func finish() throws(SoundFileError) {
    isAtEnd = true
    guard bytes.failure == 0 else {
      throw .system(path: path, action: "read it", errno: bytes.failure)
    }
    guard bytes.count >= byteCount else { throw SoundFileError(path: path, problem: .shrank) }
    var remarks = source.remarks
    remarks.hasOtherFormats = hasOtherFormats
    remarks.cancellation = levels.remark
    warning = remarks.warning(there: Double(framesRead) / Double(sampleRate))
    hasEndFlag = remarks.hasEndFlag
  }
}
