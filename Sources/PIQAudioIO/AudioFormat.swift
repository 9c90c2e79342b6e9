/// The kinds of sound file that this package writes.
public enum AudioFormat: String, CaseIterable, Encodable, Sendable {
  /// RIFF WAVE.
  case wav
  /// Free Lossless Audio Codec.
  case flac

  /// The default encoding: lossless in WAV, and without audible loss in FLAC.
  public var defaultEncoding: SampleEncoding { self == .wav ? .float32 : .pcm24 }

  /// The encodings that this kind of file can hold.
  public var encodings: [SampleEncoding] {
    self == .wav ? SampleEncoding.allCases : [.pcm16, .pcm24]
  }

  /// The usual file extension, without its dot.
  public var fileExtension: String { rawValue }
}

/// How a sample is stored in a sound file.
public enum SampleEncoding: String, CaseIterable, Encodable, Sendable {
  /// IEEE floating point of 32 bits.
  case float32
  /// IEEE floating point of 64 bits.
  case float64
  /// Signed integers of 16 bits.
  case pcm16
  /// Signed integers of 24 bits.
  case pcm24
  /// Signed integers of 32 bits.
  case pcm32

  /// Bits a sample.
  public var bits: Int {
    switch self {
    case .pcm16: 16
    case .pcm24: 24
    case .float32, .pcm32: 32
    case .float64: 64
    }
  }

  /// Whether samples are integers, so that levels beyond ±1 cannot be stored.
  public var isInteger: Bool { self != .float32 && self != .float64 }
}

/// A kind of sound file together with an encoding that it can hold.
public struct SoundFileFormat: Sendable, Hashable, Encodable {
  /// The kind of file.
  public let format: AudioFormat
  /// How its samples are stored.
  public let encoding: SampleEncoding

  /// 32-bit float WAV.
  public static let standard = SoundFileFormat(defaultsOf: .wav)

  /// `format` with its default encoding.
  public init(defaultsOf format: AudioFormat) {
    self.format = format
    encoding = format.defaultEncoding
  }

  /// `format` with `encoding`, or with its default encoding where that is nil.
  ///
  /// - Throws: `UnsupportedEncoding` when `format` cannot hold `encoding`.
  public init(_ format: AudioFormat, _ encoding: SampleEncoding?) throws(UnsupportedEncoding) {
    self.format = format
    self.encoding = encoding ?? format.defaultEncoding
    guard format.encodings.contains(self.encoding) else {
      throw UnsupportedEncoding(format: format, encoding: self.encoding)
    }
  }
}

/// An encoding that a kind of sound file cannot hold.
public struct UnsupportedEncoding: Error, CustomStringConvertible, Equatable {
  /// The kind of file.
  public let format: AudioFormat
  /// How its samples are stored.
  public let encoding: SampleEncoding

  public var description: String {
    let possible = format.encodings.map(\.rawValue).joined(separator: ", ")
    return "\(format.rawValue): cannot hold \(encoding.rawValue) samples; choose one of \(possible)"
  }
}

/// Recognises sound files by name.
public enum SoundFileName {
  private static let extensions: Set<String> = [
    "wav", "wave", "flac", "ogg", "oga", "opus", "aif", "aiff", "aifc", "caf", "mp3", "mp2", "w64",
    "rf64", "bwf", "au", "snd", "sph", "voc", "sds", "mpga", "mp1", "ogx",
    // What ffmpeg decodes, where the machine has it; elsewhere each is refused with one line.
    "aac", "m4a", "m4b", "mp4", "wma", "wv", "ape", "amr", "3gp", "webm", "mka", "spx", "tta",
    "mpc", "ac3", "eac3", "dts", "tak", "dsf", "mkv", "mov", "m4r",
  ]

  /// Whether a file in a folder is a sound file, by its extension.
  public static func isSound(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return extensions.contains(name[name.index(after: dot)...].lowercased())
  }
}
