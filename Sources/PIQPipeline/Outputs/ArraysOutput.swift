import PIQAudio

extension OutputKind {
  /// All arrays: `clip.interpretation.npz`.
  public static let arrays = OutputKind(
    "arrays", suffix: { _ in ".interpretation.npz" },
    ofClip: { clip, path in
      try NPZ.write(clip.arrays, to: path)
      return nil
    })
}

extension InterpretedClip {
  fileprivate var arrays: [(name: String, array: NPZArray)] {
    func vector(_ values: [Float]) -> NPZArray {
      .float32(Tensor(shape: [values.count], values))
    }
    func scalar(_ value: Int) -> NPZArray {
      .int64(IntegerArray(shape: [], values: [Int64(value)]))
    }
    var arrays: [(name: String, array: NPZArray)] = [
      ("logspec", .float32(analysis.logPower)), ("mask", .float32(interpretation.mask)),
      ("interpretation", .float32(interpretation.magnitude)),
      ("logits", vector(analysis.classification.logits)),
      ("probabilities", vector(analysis.classification.probabilities)),
      ("audio", vector(interpretation.audio)),
    ]
    if let embedding = analysis.embedding { arrays.append(("embedding", .float32(embedding))) }
    if let codes = interpretation.explanation.codes {
      let grid = IntegerArray(
        shape: Array(codes.shape.dropFirst()), values: codes.indices.map { Int64($0) })
      arrays.append(("codes", .int64(grid)))
    }
    if let attributions = interpretation.explanation.attributions {
      arrays.append(("attributions", .float32(attributions)))
    }
    return arrays + [
      ("sample_rate", scalar(stft.sampleRate)), ("n_fft", scalar(stft.nFFT)),
      ("hop_length", scalar(stft.hopLength)), ("win_length", scalar(stft.windowLength)),
      // The divisor of the samples before the STFT: the effect of `normalize` on this clip.
      ("level", .float32(Tensor(shape: [], [analysis.clip.level]))),
    ]
  }
}
