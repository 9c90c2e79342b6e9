import CPIQSndfile
import Foundation
import PIQPlatform

/// Kinds of sound file that are only read, not offered for output; tests make their samples here.
package enum SampleFile: CaseIterable, Sendable {
  case aiff, au, caf, mp3, oggVorbis, opus, rf64, w64, wavALaw, wavExtensible, wavIMA, wavPCM8

  /// Writes a file of this kind; `interleaved` holds all channels of a frame side by side.
  ///
  /// - Throws: `SoundFileError`, also where libsndfile was built without this kind.
  package func write(
    _ interleaved: [Float], channels: Int = 1, sampleRate: Int, to path: String
  ) throws(SoundFileError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system(path: path, action: "write it", errno: errno) }
    var info = SF_INFO()
    info.samplerate = Int32(truncatingIfNeeded: sampleRate)
    info.channels = Int32(truncatingIfNeeded: channels)
    info.format = Int32(libsndfileFormat)
    do throws(SoundFileHandle.Refusal) {
      let handle = try SoundFileHandle(
        FileBytes(descriptor: descriptor), mode: SFM_WRITE, info: info)
      let frames = interleaved.count / channels
      let written = interleaved.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { handle.write($0, count: frames) } ?? 0
      }
      guard written == frames, handle.close() else {
        throw SoundFileHandle.Refusal(code: 0, reason: "\(written) of \(frames) frames written")
      }
    } catch {
      throw SoundFileError(path: path, problem: .cannotEncode(error.reason))
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
