import Foundation
import PIQCheckpoints
import PIQClassifiers
import PIQOpenVINO
import PIQPlatform
import PIQSpectral
import PIQTensor

/// Finds out what a network's file does not say, from files beside it and by running it on test sounds.
struct NetworkTrial {
  /// An output as a run gives it.
  private struct Output {
    let name: String
    let isFloat: Bool
    /// One for each window; empty where it is not in single precision.
    var values: [Tensor] = []

    var columns: Int? { values.first?.shape.last }
    var inWords: String {
      name.debugDescription + " " + (values.first.map { "\($0.shape)" } ?? "(no floats)")
    }
  }

  let stft: STFTConfiguration
  private(set) var remarks: [String] = []
  private let file: NetworkFile
  private let options: NetworkImport.Options
  private var settings: NetworkConfiguration
  private let model: OpenVINOModel
  private let outputNames: [String]

  /// Opens the network, and finds its front end and windows.
  ///
  /// - Throws: `Failure`; `PIQError`.
  init(_ file: NetworkFile, _ options: NetworkImport.Options) throws {
    (self.file, self.options) = (file, options)
    let beside = Folder.join(Folder.parent(of: file.path), FrontEndFile.usualName)
    let described = options.frontEnd ?? (FileStatus(beside) == nil ? nil : beside)
    let frontEnd = try described.map { try FrontEndFile(path: $0) }
    if options.frontEnd == nil, let described { remarks.append("uses \(printable(described))") }
    guard let rate = options.sampleRate ?? frontEnd?.sampleRate else {
      throw Failure(
        .sampleRateNeeded, path: file.path, problem: "does not say for which sample rate it is",
        remedy: "name the one that it was trained with")
    }
    stft = try Self.stft(rate, options)
    let named = [options.scores, options.embedding, options.representation].compactMap(\.self)
    (model, outputNames) = try file.open(exposing: named)

    let shape = try file.inputShape(of: model)
    let input = options.input ?? frontEnd?.input ?? .waveform
    let mel = input == .mel || input == .logMel ? frontEnd?.mel : nil
    if (input == .mel || input == .logMel) && mel == nil {
      throw Failure(
        .frontEndNeeded, path: file.path,
        problem: "takes a mel spectrogram whose parameters are not known",
        remedy: "describe it in a file")
    }
    settings = NetworkConfiguration(
      file: Folder.name(of: file.path), sha256: try file.sha256(), input: input, mel: mel,
      layout: options.layout ?? .timeFrequency, window: 1, hop: 1,
      gain: options.gain ?? frontEnd?.gain ?? .none, aggregate: options.aggregate,
      execution: options.execution,
      scores: options.scores ?? "", embedding: options.embedding,
      representation: options.representation)
    settings.padsFrames = frontEnd?.padsFrames == true && mel != nil ? true : nil
    settings.window = try options.window ?? fixedWindow(shape)
    settings.hop = options.hop ?? settings.window / 2
    do {
      try settings.validate(sampleRate: rate)
    } catch {
      throw Failure(
        .networkUnusable, path: file.path, problem: "\(error)", remedy: "choose other settings")
    }
  }

  /// The STFT of masks, pictures and sound: SpeechBrain's in milliseconds, n_fft as the nearest power of
  /// two.
  private static func stft(
    _ rate: Int, _ options: NetworkImport.Options
  ) throws -> STFTConfiguration {
    let own = STFTConfiguration.speechBrainPIQ
    let scale = Double(rate) / Double(own.sampleRate)
    func scaled(_ samples: Int) -> Int { max(1, Int((Double(samples) * scale).rounded())) }
    let windowLength = options.windowLength ?? scaled(own.windowLength)
    let octaves = log2(max(2, Double(own.nFFT) * scale)).rounded()
    let least = max(2, Int(exp2(log2(Double(windowLength)).rounded(.up))))
    return try STFTConfiguration(
      sampleRate: rate, nFFT: options.nFFT ?? max(least, Int(exp2(octaves))),
      hopLength: options.hopLength ?? min(scaled(own.hopLength), windowLength),
      windowLength: windowLength)
  }

  /// The length in seconds of what the input's shape takes.
  private func fixedWindow(_ shape: [Int?]) throws(Failure) -> Double {
    let extents = shape.compactMap(\.self).filter { $0 > 1 }
    let bands = settings.mel?.melCount ?? stft.bins
    if settings.input == .waveform,
      extents.count > 1 || !extents.isEmpty && shape.dropFirst().contains(nil)
    {
      throw Failure(
        .inputNeeded, path: file.path,
        problem: "takes [\(NetworkInput.words(shape))], which is no waveform",
        remedy: "say what it takes")
    }
    let count: Int? =
      switch settings.input {
      case .waveform: extents.first
      case .logPower, .mel, .logMel:
        extents.count == 2
          ? settings.layout == .timeFrequency ? extents[0] : extents[1]
          : extents.count == 1 && extents[0] != bands && !shape.contains(nil) ? extents[0] : nil
      }
    guard let count else {
      throw Failure(
        .windowNeeded, path: file.path, problem: "takes sounds of any length",
        remedy: "choose the length of the windows that it hears, in seconds")
    }
    let samples =
      switch settings.input {
      case .waveform: count
      case .logPower: stft.samples(for: count)
      case .mel, .logMel: settings.mel?.samples(for: count) ?? count
      }
    return Double(samples) / Double(stft.sampleRate)
  }

  /// The names of the classes: those of the file that is named, or of config.json beside the network.
  func labels() throws(Failure) -> [String] {
    if let named = options.labels { return try LabelFile.read(path: named) }
    let beside = Folder.join(Folder.parent(of: file.path), "config.json")
    if FileStatus(beside) != nil, let labels = try LabelFile.labels(ofConfiguration: beside) {
      return labels
    }
    throw Failure(
      .labelsNotFound, path: file.path, problem: "does not say how its classes are called",
      remedy: "name a file of labels")
  }

  /// The settings of the network for classes of these names.
  ///
  /// - Throws: `Failure`; `PIQError`.
  mutating func configuration(labels: [String]) throws -> NetworkConfiguration {
    let outputs = try run()
    let scores = try scores(of: outputs, count: labels.count)
    settings.scores = scores.name
    guard scores.values.allSatisfy(\.isFinite) else {
      throw Failure(
        .networkUnusable, path: file.path, problem: "gives scores that are not finite numbers",
        remedy: "export it again, in single precision")
    }
    settings.activation = try activation(of: scores)
    if let name = options.embedding {
      let shape = outputs.first { $0.name == name }?.values.first?.shape ?? []
      guard NetworkClassifier.embeddingLength(of: shape) != nil else {
        throw Failure(
          .networkUnusable, path: file.path,
          problem: "\(name.debugDescription) has the shape \(shape), which is no embedding",
          remedy: "name a tensor with one vector, or a vector for each of several times")
      }
    }
    return settings
  }

  /// Runs the network on test sounds: noise, a tone, clicks and silence.
  private func run() throws -> [Output] {
    let count = settings.windowLength(at: stft.sampleRate)
    var state: UInt32 = 1
    let noise: [Float] = (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return (Float(state >> 8) / Float(1 << 24) - 0.5) * 0.4
    }
    let step = 2 * Double.pi * 440 / Double(stft.sampleRate)
    let tone = (0..<count).map { Float(0.5 * sin(step * Double($0))) }
    let clicks: [Float] = (0..<count).map { $0 % 2000 == 1000 ? 0.9 : 0 }
    let silence = [Float](repeating: 0, count: count)

    do {
      let input = try NetworkInput(settings, shape: try file.inputShape(of: model), stft: stft)
      var found = zip(outputNames, model.outputs).map { Output(name: $0, isFloat: $1.isFloat) }
      let network = try file.ready(model, for: input, settings.execution)
      let wanted = found.indices.filter { found[$0].isFloat }
      let frontEnd = FrontEnd(stft, normalize: .none)
      for sound in [noise, tone, clicks, silence] {
        try input.forEach(frontEnd.clip(sound), atOnce: 1) { inputs in
          for values in try network.run(inputs, outputs: wanted) {
            for (index, value) in zip(wanted, values) { found[index].values.append(value) }
          }
        }
      }
      return found
    } catch let error as PIQError {
      throw Failure(
        .inputNeeded, path: file.path, problem: error.problem,
        remedy: "choose another window, or say what it takes", underlying: error)
    }
  }

  private func scores(of outputs: [Output], count: Int) throws(Failure) -> Output {
    if let name = options.scores {
      guard let output = outputs.first(where: { $0.name == name }), output.columns == count else {
        let found = outputs.first { $0.name == name }
        throw Failure(
          .networkUnusable, path: file.path,
          problem: "\(found?.inWords ?? name.debugDescription) has no column for each of the "
            + "\(count) labels", remedy: "name the labels that it was trained on")
      }
      return output
    }
    let fitting = outputs.filter { $0.columns == count }
    guard let output = fitting.first, fitting.count == 1 else {
      let all = outputs.map(\.inWords).joined(separator: ", ")
      throw Failure(
        fitting.isEmpty ? .networkUnusable : .scoresNeeded, path: file.path,
        problem:
          "\(fitting.isEmpty ? "no output has" : "several outputs have") a column for each of "
          + "the \(count) labels: its outputs are \(all)",
        remedy: fitting.isEmpty
          ? "name the labels that it was trained on" : "say which one has the scores")
    }
    return output
  }

  /// How scores become probabilities.
  private mutating func activation(of scores: Output) throws(Failure) -> OutputActivation {
    if let asked = options.activation { return asked }
    let values = scores.values.flatMap(\.elements)
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    guard low >= -1e-6, high <= 1 + 1e-4 else {
      throw Failure(
        .activationNeeded, path: file.path,
        problem: "gives scores that are no probabilities (from \(low) to \(high) on test sounds)",
        remedy: "say whether softmax (one class at a time) or sigmoid (several) makes them some")
    }
    remarks.append("gives probabilities: they are taken as they are")
    return .none
  }
}
