import Foundation
import PIQAudio
import PIQPipeline

/// The sounds of a clip, all at one sample rate. One that the page can compute from two others is
/// omitted.
struct ClipSounds {
  /// The clip as it was interpreted.
  var original: Recording?
  /// The masked sound.
  var interpretation: Recording?
  /// The original minus the interpretation.
  var residual: Recording?
  /// The page's remark if there is no original.
  var originalProblem: String?
  /// The errors of files that exist but could not be used.
  var errors: [any Error] = []

  /// FLAC of 16-bit samples.
  private static let format = try? SoundFileFormat(.flac, .pcm16)

  init(_ clip: ClipResult) {
    interpretation = clip.file(".interpretation.wav", ".interpretation.flac").flatMap { read($0) }
    let residualPath = clip.file(".residual.wav", ".residual.flac")
    if interpretation == nil { residual = residualPath.flatMap { read($0) } }
    original = readOriginal(of: clip, at: (interpretation ?? residual)?.sampleRate)
    guard original == nil, let interpretation else { return }
    residual = residualPath.flatMap { read($0) }
    if residual?.sampleRate != interpretation.sampleRate { residual = nil }
    if residual != nil { originalProblem = nil }
  }

  /// The sample rate of all sounds in hertz; nil if there are none.
  var sampleRate: Int? { (interpretation ?? original ?? residual)?.sampleRate }

  /// The sounds as FLAC files of 16-bit samples. If one exceeds full scale, all are scaled down
  /// by the same factor.
  func encoded(name: String) throws(SoundFileError) -> [(name: String, bytes: [UInt8])] {
    let sounds = [
      ("original", original), ("interpretation", interpretation), ("residual", residual),
    ]
    let peak = sounds.map { $0.1?.samples.lazy.map(\.magnitude).max() ?? 0 }.max() ?? 0
    var encoded: [(name: String, bytes: [UInt8])] = []
    for case (let kind, var sound?) in sounds {
      if peak > 1 { sound.samples = sound.samples.map { $0 / peak } }
      let format = Self.format ?? SoundFileFormat(defaultsOf: .flac)
      encoded.append((kind, try sound.bytes(as: format, name: name)))
    }
    return encoded
  }

  private mutating func read(_ path: String, channel: Int? = nil) -> Recording? {
    do throws(SoundFileError) {
      return try Recording.read(path: path, channel: channel)
    } catch {
      errors.append(error)
      return nil
    }
  }

  /// The sound that the JSON names, if it exists and is the one that was interpreted.
  private mutating func readOriginal(of clip: ClipResult, at rate: Int?) -> Recording? {
    let report = clip.report
    // Reading a pipe of that name would block forever, and standard input is consumed.
    guard report.input != "-", FileStatus(report.input)?.kind == .regular else {
      originalProblem = "The original sound was not found."
      return nil
    }
    guard let recording = read(report.input, channel: report.channel) else {
      originalProblem = "The original sound could not be read."
      return nil
    }
    guard recording.sampleRate == report.sampleRate, recording.channels == report.channels,
      abs(recording.duration - report.duration) < 0.001
    else {
      originalProblem = "Where the original sound was there is another one."
      return nil
    }
    return rate.map { recording.resampled(to: $0) } ?? recording
  }
}
