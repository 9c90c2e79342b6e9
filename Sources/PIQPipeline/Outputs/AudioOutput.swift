import PIQAudio

extension OutputKind {
  /// The masked sound: `clip.interpretation.wav`.
  public static let audio = OutputKind(
    "audio", isSound: true, suffix: { ".interpretation.\($0.fileExtension)" },
    ofClip: { clip, path in try clip.write(clip.interpretation.audio, to: path) },
    ofWindows: { recording, path in
      try WindowedSound(recording, path) { $0.sound }
    })
}

extension InterpretedClip {
  /// Writes a sound of the clip.
  ///
  /// - Returns: a warning where samples did not fit the encoding's range.
  func write(_ samples: [Float], to path: String) throws -> String? {
    let clipped = try Recording(samples: samples, sampleRate: stft.sampleRate)
      .write(to: path, as: soundFormat)
    return clipped > 0 ? "\(clipped) samples of \(path) were cut to full scale" : nil
  }
}

/// A sound of a recording that is written window by window.
final class WindowedSound: WindowedOutput {
  private let path: String
  private let writer: SoundFileWriter
  private let samples: (ExplainedWindow) -> [Float]
  private let observe: (RecordingEvent) -> Void

  /// Bytes of sound that certainly fit in a WAV file.
  private static let mostOfWAV = 4e9

  /// - Parameter samples: those of a window, from its `coreStart` on.
  init(
    _ recording: WindowedRecording, _ path: String,
    _ samples: @escaping (ExplainedWindow) -> [Float]
  ) throws {
    // RF64 where the sound may exceed WAV's limit; a header may lack its length.
    let bytes = recording.duration.map {
      $0 * Double(recording.stft.sampleRate * recording.soundFormat.encoding.bits / 8)
    }
    self.path = path
    self.samples = samples
    observe = recording.observe
    writer = try SoundFileWriter(
      path: path, sampleRate: recording.stft.sampleRate, as: recording.soundFormat,
      growsToRF64: bytes ?? .infinity > Self.mostOfWAV)
  }

  func add(_ window: ExplainedWindow) throws { try writer.write(samples(window)) }

  func finish(_ timeline: Timeline, _ report: inout ClipReport) throws {
    try writer.putInPlace()
    if writer.clippedSamples > 0 {
      report.warn("\(writer.clippedSamples) samples of \(path) were cut to full scale")
    }
    if writer.isRF64 { observe(.becameRF64(path: path)) }
  }
}
