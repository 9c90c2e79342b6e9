import ArgumentParser
import PIQAudio

/// What the file of a network does not say.
struct NetworkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The samples a second that the network was trained with. Otherwise those of \
      preprocessor_config.json.
      """, valueName: "hz"))
  var sampleRate: Int?

  @Option(
    help: ArgumentHelp(
      """
      The length of the windows that the network hears, in seconds. Otherwise the fixed length of \
      its input.
      """, valueName: "s"))
  var window: Double?

  @Option(
    help: ArgumentHelp(
      "The distance between windows, in seconds. Otherwise half a window.", valueName: "s"))
  var hop: Double?

  @Option(
    help: """
      What the network takes: waveform (samples), log-power (log1p of the magnitudes of the STFT), \
      mel or log-mel (by --front-end). Otherwise what the front end describes, or a waveform.
      """)
  var input: NetworkConfiguration.Input?

  @Option(
    help: ArgumentHelp(
      """
      How sound becomes a mel spectrogram: a JSON object with n_fft, hop_length, win_length, \
      n_mels, f_min, f_max, scale (htk, slaney, kaldi) and so on, or Hugging Face's \
      preprocessor_config.json. Otherwise the latter, if it is beside the network.
      """, valueName: "file"), completion: .file())
  var frontEnd: String?

  @Option(help: "The order of the axes of a spectrogram; otherwise time-frequency.")
  var layout: NetworkConfiguration.Layout?

  @Option(
    help: """
      What a window is divided by first: none, peak (its largest absolute sample) or standardize \
      (its deviation, its mean taken away).
      """)
  var gain: NetworkConfiguration.Gain?

  @Option(
    help: """
      How scores become probabilities: none, softmax or sigmoid. Otherwise none, where those of test \
      sounds already are some.
      """)
  var activation: OutputActivation?

  @Option(help: "How the probabilities of a clip's windows are combined: mean or max.")
  var aggregate: NetworkConfiguration.Aggregate?

  @Option(
    help: """
      How a network with 8-bit weights is computed: performance, as OpenVINO does by itself, whose \
      scores depend on the CPU, or accuracy, in single precision.
      """)
  var execution: NetworkConfiguration.Execution?

  @Option(
    help: ArgumentHelp(
      """
      The output with the scores; otherwise that with a column for each label. In an ONNX file these \
      three may be tensors within: piq-audio model info FILE lists them.
      """, valueName: "name"))
  var scores: String?

  @Option(
    help: ArgumentHelp(
      "The tensor that piq-audio train classifier --backbone uses.", valueName: "name"))
  var embedding: String?

  @Option(
    help: ArgumentHelp("The tensor with the last map of features.", valueName: "name"))
  var representation: String?

  @Option(
    name: .customLong("n-fft"),
    help: ArgumentHelp(
      """
      The length of the Fourier transforms of masks, pictures and sound, in samples; otherwise \
      about 64 ms.
      """, valueName: "n"))
  var nFFT: Int?

  @Option(
    help: ArgumentHelp("Their distance, in samples; otherwise 11.6 ms.", valueName: "n"))
  var hopLength: Int?

  @Option(
    name: .customLong("win-length"),
    help: ArgumentHelp("Their window, in samples; otherwise 23.2 ms.", valueName: "n"))
  var windowLength: Int?

  func validate() throws {
    try require(sampleRate, in: 1...100_000_000, "--sample-rate")
    for (value, option) in [(window, "--window"), (hop, "--hop")] {
      guard value.map({ $0 > 0 && $0 <= 3600 }) ?? true else {
        throw ValidationError("\(option) needs a number of seconds above 0, at most 3600")
      }
    }
    for (value, option) in [
      (nFFT, "--n-fft"), (hopLength, "--hop-length"), (windowLength, "--win-length"),
    ] {
      try require(value, in: 1...1 << 20, option)
    }
    for (value, option) in [
      (frontEnd, "--front-end"), (scores, "--scores"), (embedding, "--embedding"),
      (representation, "--representation"),
    ] {
      try refuseEmpty(value, option)
    }
  }

  /// The options that were given.
  var given: [String] {
    let all: [(Bool, String)] = [
      (sampleRate != nil, "--sample-rate"), (window != nil, "--window"), (hop != nil, "--hop"),
      (input != nil, "--input"), (frontEnd != nil, "--front-end"), (layout != nil, "--layout"),
      (gain != nil, "--gain"), (activation != nil, "--activation"),
      (aggregate != nil, "--aggregate"), (execution != nil, "--execution"),
      (scores != nil, "--scores"),
      (embedding != nil, "--embedding"), (representation != nil, "--representation"),
      (nFFT != nil, "--n-fft"), (hopLength != nil, "--hop-length"),
      (windowLength != nil, "--win-length"),
    ]
    return all.filter(\.0).map(\.1)
  }

  /// Refuses options that are for folders of SpeechBrain.
  func refuse(_ others: [(isGiven: Bool, name: String)]) throws {
    if let other = others.first(where: \.isGiven) {
      throw UsageError("\(other.name) is for SpeechBrain's models, not for ONNX and TFLite files")
    }
  }

  /// The same as settings.
  var options: NetworkImport.Options {
    var options = NetworkImport.Options()
    (options.sampleRate, options.window, options.hop) = (sampleRate, window, hop)
    (options.input, options.frontEnd, options.layout) = (input, frontEnd, layout)
    (options.gain, options.activation) = (gain, activation)
    options.aggregate = aggregate ?? .mean
    options.execution = execution ?? .performance
    (options.scores, options.embedding) = (scores, embedding)
    options.representation = representation
    (options.nFFT, options.hopLength, options.windowLength) = (nFFT, hopLength, windowLength)
    return options
  }
}
