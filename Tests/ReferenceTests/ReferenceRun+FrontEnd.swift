import PIQAudioIO
import PIQSpectral
import PIQTensor

extension ReferenceRun {
  mutating func runSTFT(_ reference: ReferenceCase) throws {
    let configuration = try STFTConfiguration(
      sampleRate: reference.int("sample_rate"), nFFT: reference.int("n_fft"),
      hopLength: reference.int("hop"), windowLength: reference.int("win"))
    let stft = STFT(configuration)
    let spectrogram = stft.forward(try reference.floats("input.wav").elements)
    // Long cases keep the first frames only.
    let kept = try reference.floats("output.stft").shape[1]
    floats["output.stft"] = spectrogram.values.rows(0..<kept).asBatch
    floats["output.log1p"] = spectrogram.logPower().rows(0..<kept).asBatch
    integers["output.frames"] = [spectrogram.frames]
    let signal = stft.inverse(spectrogram)
    floats["output.istft"] = Tensor(shape: [1, signal.count], signal)
  }

  mutating func runResampler(_ reference: ReferenceCase) throws {
    let resampler = Resampler(from: reference.int("orig"), to: reference.int("new"))
    let output = resampler.resample(try reference.floats("input.wav").elements)
    floats["output.wav"] = Tensor(shape: [1, output.count], output)
  }
}

extension Tensor {
  /// The same elements as a batch of one.
  fileprivate var asBatch: Tensor { reshaped([1] + shape) }
}
