import CPIQSndfile
import Foundation
import PIQPlatform

/// Writes samples to a sound file, block by block: those of one channel, or of several side by side.
///
/// Equal samples give equal bytes: the file holds neither time nor path.
public final class SoundFileWriter {
  /// The number of samples clipped to ±1, which only integer encodings do.
  public private(set) var clippedSamples = 0

  /// Once the file is complete: whether it is RF64, WAV beyond 4 GiB.
  public private(set) var isRF64 = false

  private let path: String
  private let sampleRate: Int
  private let channels: Int
  private let format: SoundFileFormat
  /// Whether a WAV file that becomes too large for one is written as RF64.
  private let growsToRF64: Bool
  private let handle: SoundFileHandle
  private var samplesWritten = 0
  /// The temporary file; nil in memory.
  private var file: TemporaryFile?

  /// Writes a sound file atomically to `path` by calling `body`.
  ///
  /// - Parameter growsToRF64: whether a WAV file may exceed 4 GiB, as RF64. A smaller one is plain
  ///   WAV with space reserved for RF64's sizes in its header.
  /// - Returns: the number of samples clipped to ±1.
  /// - Throws: what `body` throws; `SoundFileError` or `Failure`, naming `path`, also when `body`
  ///   wrote no sample.
  @discardableResult
  public static func write(
    to path: String, sampleRate: Int, as format: SoundFileFormat = .standard,
    growsToRF64: Bool = false, _ body: (SoundFileWriter) throws -> Void
  ) throws -> Int {
    let writer = try SoundFileWriter(
      path: path, sampleRate: sampleRate, as: format, growsToRF64: growsToRF64)
    try body(writer)
    try writer.putInPlace()
    return writer.clippedSamples
  }

  /// Begins a sound file that appears at `path` with `putInPlace()`, and never without it.
  ///
  /// - Parameters:
  ///   - channels: how many, from 1 on.
  ///   - growsToRF64: as in `write`.
  /// - Throws: `SoundFileError` or `Failure`, naming `path`.
  public convenience init(
    path: String, sampleRate: Int, channels: Int = 1, as format: SoundFileFormat = .standard,
    growsToRF64: Bool = false
  ) throws {
    let file = try TemporaryFile(path: path)
    let descriptor = file.temporary.withSystemPath {
      open($0, O_RDWR | O_TRUNC | O_CLOEXEC)
    }
    guard descriptor >= 0 else {
      throw SoundFileError.system(path: path, action: "write it", errno: errno)
    }
    try self.init(
      FileBytes(descriptor: descriptor), path: path, sampleRate: sampleRate, channels: channels,
      format: format,
      growsToRF64: growsToRF64 && format.format == .wav)
    self.file = file
  }

  /// Ends the file and gives it its name.
  ///
  /// - Throws: `SoundFileError` or `Failure`, naming the path, also when no sample was written.
  public func putInPlace() throws {
    try finish()
    try file?.putInPlace()
  }

  /// The bytes of a sound file of `samples`, made in memory.
  ///
  /// - Parameter name: its name in errors.
  static func bytes(
    of samples: [Float], sampleRate: Int, as format: SoundFileFormat, name: String
  ) throws(SoundFileError) -> [UInt8] {
    let writer = try SoundFileWriter(
      FileBytes([]), path: name, sampleRate: sampleRate, channels: 1, format: format,
      growsToRF64: false)
    try writer.write(samples)
    try writer.finish()
    return writer.handle.bytes.memory
  }

  private init(
    _ bytes: FileBytes, path: String, sampleRate: Int, channels: Int, format: SoundFileFormat,
    growsToRF64: Bool
  ) throws(SoundFileError) {
    guard let rate = Int32(exactly: sampleRate), rate > 0 else {
      throw SoundFileError(path: path, problem: .cannotEncode("a sample rate of \(sampleRate) Hz"))
    }
    var info = SF_INFO()
    info.samplerate = rate
    info.channels = Int32(clamping: channels)
    info.format = format.libsndfileFormat(asRF64: growsToRF64)
    do {
      handle = try SoundFileHandle(bytes, mode: SFM_WRITE, info: info)
    } catch {
      if bytes.failure != 0 { throw .system(path: path, action: "write it", errno: bytes.failure) }
      throw SoundFileError(path: path, problem: .cannotEncode(error.reason))
    }
    handle.omitPeakChunk()
    if growsToRF64 { handle.preferWAV() }
    self.path = path
    self.sampleRate = sampleRate
    self.channels = channels
    self.format = format
    self.growsToRF64 = growsToRF64
  }

  /// Appends `samples`: whole frames, the channels of each side by side.
  ///
  /// - Throws: `SoundFileError`: no space, a sample that is not finite, or more than the format
  ///   can hold.
  public func write(_ samples: [Float]) throws(SoundFileError) {
    if let bad = samples.firstIndex(where: { !$0.isFinite }) {
      throw SoundFileError(
        path: path,
        problem: .notFinite(
          value: samples[bad], frame: (samplesWritten + bad) / channels, sampleRate: sampleRate,
          channel: bad % channels + 1))
    }
    // Leaves space for the header.
    let most = (Int(UInt32.max) - 4096) / (format.encoding.bits / 8)
    guard growsToRF64 || format.format != .wav || samples.count <= most - samplesWritten else {
      throw SoundFileError(path: path, problem: .tooLargeForWAV)
    }
    var first = 0
    while first < samples.count {
      let block = samples[first..<min(first + blockSize, samples.count)]
      let written = format.encoding.isInteger ? writeIntegers(block) : writeFloats(block)
      guard handle.bytes.failure == 0, written * channels == block.count else { throw failure }
      first += block.count
    }
    samplesWritten += samples.count
  }

  /// Samples that are written at a time: whole frames.
  private var blockSize: Int { max(1, (64 << 10) / channels) * channels }

  /// - Returns: how many frames were written.
  private func writeFloats(_ block: ArraySlice<Float>) -> Int {
    block.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { handle.write($0, count: buffer.count / channels) } ?? 0
    }
  }

  /// Rounds here because libsndfile's write scale is one step less than its read scale: samples
  /// from integer files are thus written back unchanged.
  private func writeIntegers(_ block: ArraySlice<Float>) -> Int {
    let fullScale = Double(1 << (format.encoding.bits - 1))
    let shift = Int32(32 - format.encoding.bits)
    var clipped = 0
    let integers = block.map { sample in
      if sample.magnitude > 1 { clipped += 1 }
      let level = (Double(sample) * fullScale).rounded(.toNearestOrEven)
      // libsndfile reads integers of any width from the upper bits.
      return Int32(min(max(level, -fullScale), fullScale - 1)) << shift
    }
    clippedSamples += clipped
    return integers.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { handle.write($0, count: buffer.count / channels) } ?? 0
    }
  }

  private func finish() throws(SoundFileError) {
    // libsndfile writes a FLAC without samples as an empty file, and no such file is readable.
    guard samplesWritten > 0 else { throw SoundFileError(path: path, problem: .noSamples) }
    let isComplete = handle.close()
    guard isComplete, handle.bytes.failure == 0 else { throw failure }
    isRF64 = handle.bytes.bytes(at: 0, count: 4).elementsEqual("RF64".utf8)
  }

  private var failure: SoundFileError {
    let code = handle.bytes.failure
    if code != 0 { return .system(path: path, action: "write it", errno: code) }
    return SoundFileError(
      path: path, problem: .cannotEncode(handle.error ?? "libsndfile stopped without a reason"))
  }
}

extension SoundFileFormat {
  /// libsndfile's number for this format.
  fileprivate func libsndfileFormat(asRF64: Bool) -> Int32 {
    let container =
      asRF64 ? SF_FORMAT_RF64 : format == .wav ? SF_FORMAT_WAV : SF_FORMAT_FLAC
    let subtype =
      switch encoding {
      case .float32: SF_FORMAT_FLOAT
      case .float64: SF_FORMAT_DOUBLE
      case .pcm16: SF_FORMAT_PCM_16
      case .pcm24: SF_FORMAT_PCM_24
      case .pcm32: SF_FORMAT_PCM_32
      }
    return Int32(container | subtype)
  }
}
