import PIQAudioIO
import PIQDatasets
import PIQSpectral
import PIQTensor

private struct TooLong: Error {}

func soundTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  let stft = STFT(.speechBrainPIQ)
  return { bytes in
    file.replace(with: bytes)
    // A loader of its own: filters that are kept would make a later input cheap.
    let samples = try ClipLoader(rate: stft.configuration.sampleRate).load(file.path) { count in
      // A few bytes may say that they are an hour at 1 Hz, which is no fault but takes its time.
      guard count <= 1 << 16 else { throw TooLong() }
    }
    let spectrogram = stft.forward(samples).logPower()
    precondition(spectrogram.isFinite)
  }
}
