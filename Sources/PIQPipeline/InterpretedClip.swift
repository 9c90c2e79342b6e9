import PIQAudio

/// A clip that was taken whole, with all that its outputs are made of.
struct InterpretedClip {
  /// The input as pictures call it.
  var name: String
  var stft: STFTConfiguration
  var soundFormat: SoundFileFormat
  var analysis: Analysis
  var interpretation: Interpretation
  /// What was found; complete but for the warnings of outputs to come.
  var report: ClipReport
}
