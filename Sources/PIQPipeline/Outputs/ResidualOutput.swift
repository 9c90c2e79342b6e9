import PIQAudio

extension OutputKind {
  /// The input minus the masked sound: `clip.residual.wav`.
  public static let residual = OutputKind(
    "residual", isStandard: false, isSound: true, suffix: { ".residual.\($0.fileExtension)" },
    ofClip: { clip, path in
      try clip.write(
        zip(clip.analysis.clip.samples, clip.interpretation.audio).map { $0 - $1 }, to: path)
    },
    ofWindows: { recording, path in
      try WindowedSound(recording, path) { window in
        zip(window.window.core, window.sound).map { $0 - $1 }
      }
    })
}
