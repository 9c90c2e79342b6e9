import CPIQSndfile

/// Kinds of sound file that are only read, not offered for output.
enum SampleFile: CaseIterable, Sendable {
  case aiff, au, caf, mp3, oggVorbis, opus, rf64, w64, wavALaw, wavExtensible, wavIMA, wavPCM8

  /// What libsndfile says of a file that it does not write.
  struct Refusal: Error {
    let reason: String
  }

  /// Writes a file of this kind; `interleaved` holds all channels of a frame side by side.
  func write(_ interleaved: [Float], channels: Int = 1, sampleRate: Int, to path: String) throws {
    var info = SF_INFO()
    info.samplerate = Int32(sampleRate)
    info.channels = Int32(channels)
    info.format = Int32(libsndfileFormat)
    guard let file = sf_open(path, Int32(SFM_WRITE), &info) else {
      throw Refusal(reason: String(cString: sf_strerror(nil)))
    }
    let frames = Int64(interleaved.count / channels)
    let written = sf_writef_float(file, interleaved, frames)
    guard sf_close(file) == 0, written == frames else {
      throw Refusal(reason: "\(written) of \(frames) frames written")
    }
  }

  private var libsndfileFormat: Int {
    switch self {
    case .aiff: SF_FORMAT_AIFF | SF_FORMAT_PCM_24
    case .au: SF_FORMAT_AU | SF_FORMAT_ULAW
    case .caf: SF_FORMAT_CAF | SF_FORMAT_ALAC_16
    case .mp3: SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III
    case .oggVorbis: SF_FORMAT_OGG | SF_FORMAT_VORBIS
    case .opus: SF_FORMAT_OGG | SF_FORMAT_OPUS
    case .rf64: SF_FORMAT_RF64 | SF_FORMAT_PCM_16
    case .w64: SF_FORMAT_W64 | SF_FORMAT_FLOAT
    case .wavALaw: SF_FORMAT_WAV | SF_FORMAT_ALAW
    case .wavIMA: SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM
    case .wavExtensible: SF_FORMAT_WAVEX | SF_FORMAT_PCM_32
    case .wavPCM8: SF_FORMAT_WAV | SF_FORMAT_PCM_U8
    }
  }
}
