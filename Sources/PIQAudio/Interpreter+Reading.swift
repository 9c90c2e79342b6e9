package import PIQAudioIO
import PIQClassifiers
package import PIQExplanations
import PIQPlatform

extension Interpreter {
  /// Reads a sound file, up to the length that there is memory for; "-" is standard input.
  ///
  /// - Parameter channel: the channel to read, from 1; the mean of all if nil.
  /// - Throws: `SoundFileError`; `Failure` naming the file when it is too long.
  package func read(_ path: String, channel: Int? = nil) throws -> Recording {
    let reader = try SoundFileReader(path: path, channel: channel)
    let growth = Double(frontEnd.stft.configuration.sampleRate) / Double(reader.sampleRate)
    let recording = try Recording.read(reader) { count in
      (try? checkLength(Int(Double(count) * growth))) != nil
    }
    try Failure.naming(path) {
      try checkLength(Int(Double(recording.samples.count) * growth))
    }
    return recording
  }

  /// The recording of the file at `path` at the model's rate.
  ///
  /// - Throws: `Failure` naming the file when it is too loud or too long.
  package func resampled(_ recording: Recording, path: String) throws -> Recording {
    try checkLevel(of: recording.samples, path: path)
    let rate = frontEnd.stft.configuration.sampleRate
    try Failure.naming(path) { try checkLength(recording.sampleCount(at: rate)) }
    return recording.resampled(to: rate)
  }
}
