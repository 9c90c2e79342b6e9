import PIQAudioIO
import PIQSpectral
import PIQTensor

func soundTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  let stft = STFT(.speechBrainPIQ)
  return { bytes in
    file.replace(with: bytes)
    let recording = try Recording.read(path: file.path)
    try checkLevel(of: recording.samples, path: file.path)
    let rate = stft.configuration.sampleRate
    // A few bytes may say that they are an hour at 1 Hz, which is no fault but takes its time.
    guard recording.sampleCount(at: rate) <= 1 << 16 else { return }
    let spectrogram = stft.forward(recording.resampled(to: rate).samples).logPower()
    precondition(spectrogram.isFinite)
  }
}
