public import AudioIO
import Checkpoints
import Files
public import Models
public import PIQ
import Plotting
import Spectral
import Tensor

/// Takes clips through a model and writes what was asked for: the whole way, one clip at a time.
public final class ClipProcessor {
  /// What to do with each clip.
  public struct Settings: Sendable {
    /// The class to explain; the likeliest if nil.
    public var label: Int?
    /// Which frames an interpretation covers.
    public var tail = Tail.keep
    /// How many classes a report names.
    public var top = 3
    /// How sound is written.
    public var soundFormat = SoundFileFormat.standard
    /// What to do where outputs are there already.
    public var existing = ExistingOutputs.overwrite

    public init() {}
  }

  /// What became of a clip.
  public enum Outcome: Sendable {
    case done(TimedReport)
    /// All of its outputs were there already.
    case skipped
  }

  private let model: Model
  private let settings: Settings
  private var resamplers: [Int: Resampler] = [:]

  public init(_ model: Model, _ settings: Settings) {
    self.model = model
    self.settings = settings
  }

  /// Interprets a clip and writes the outputs of its job; the keys of `outputs` are those of
  /// `OutputKind`.
  ///
  /// - Throws: a typed error that names the file, what is wrong with it and what to do.
  public func interpret(_ job: ClipJob) throws -> Outcome {
    if try job.shouldSkip(settings.existing) { return .skipped }
    var clock = StageClock()
    let (recording, samples) = try load(job.input, &clock)
    let (analysis, interpretation) = try naming(job.input) {
      let analysis = try clock.measure("classify") { try model.interpreter.analyze(samples) }
      let interpretation = try clock.measure("interpret") {
        try model.interpreter.interpret(analysis, as: settings.label, tail: settings.tail)
      }
      return (analysis, interpretation)
    }
    let report = report(job, recording, analysis.classification, index: interpretation.index)
    try clock.measure("write") {
      try job.makeFolders()
      for kind in OutputKind.allCases {
        guard let path = job.outputs[kind.rawValue] else { continue }
        try write(kind, of: job.input, to: path, analysis, interpretation, report)
      }
    }
    return .done(TimedReport(report: report, seconds: clock.withTotal))
  }

  /// Classifies a clip; nothing is decoded or written.
  ///
  /// - Returns: the report, and the probability of each class.
  /// - Throws: as `interpret(_:)`.
  public func classify(
    _ input: ClipInput
  ) throws -> (report: TimedReport, probabilities: [Float]) {
    var clock = StageClock()
    let (recording, samples) = try load(input, &clock)
    let analysis = try naming(input) {
      try clock.measure("classify") { try model.interpreter.analyze(samples) }
    }
    let job = ClipJob(input: input, outputs: [:])
    let report = report(
      job, recording, analysis.classification, index: analysis.classification.index)
    return (
      TimedReport(report: report, seconds: clock.withTotal), analysis.classification.probabilities
    )
  }

  /// Draws the log-power spectrogram that the model's front end makes of a clip, to the path under
  /// `spectrogram` in the job's outputs.
  ///
  /// - Returns: false if it was there already and was left alone.
  /// - Throws: as `interpret(_:)`.
  public func drawSpectrogram(_ job: ClipJob) throws -> Bool {
    if try job.shouldSkip(settings.existing) { return false }
    var clock = StageClock()
    let (_, samples) = try load(job.input, &clock)
    let stft = model.configuration.stft
    let figure = try SpectrogramFigure(
      model.interpreter.logPower(of: samples), sampleRate: stft.sampleRate,
      hopLength: stft.hopLength, nFFT: stft.nFFT, title: job.input.name)
    try job.makeFolders()
    if let path = job.outputs[OutputKind.spectrogram.rawValue] { try figure.write(toPNG: path) }
    return true
  }

  /// The recording, and its samples at the model's rate.
  private func load(
    _ input: ClipInput, _ clock: inout StageClock
  ) throws -> (Recording, samples: [Float]) {
    let recording = try clock.measure("decode") { try Recording.read(path: input.path) }
    // Squares of larger ones overflow, and the network would take what is left for a clip.
    if recording.samples.contains(where: { $0.magnitude > 1e15 }) {
      throw ClipError(
        path: input.path, problem: "is too loud to compute with; scale it to full scale, ±1")
    }
    let rate = model.configuration.stft.sampleRate
    guard recording.sampleRate != rate else { return (recording, recording.samples) }
    let samples = clock.measure("resample") {
      let resampler =
        resamplers[recording.sampleRate] ?? Resampler(from: recording.sampleRate, to: rate)
      resamplers[recording.sampleRate] = resampler
      return resampler.resample(recording.samples)
    }
    return (recording, samples)
  }

  private func report(
    _ job: ClipJob, _ recording: Recording, _ classification: Classification, index: Int
  ) -> ClipReport {
    let labels = model.configuration.labels
    return ClipReport(
      input: job.input.path, label: labels[index], index: index,
      probability: classification.probabilities[index],
      top: classification.ranking.prefix(settings.top).map {
        .init(label: labels[$0], probability: classification.probabilities[$0])
      },
      model: .init(name: model.configuration.name, sha256: model.sha256),
      sampleRate: recording.sampleRate, channels: recording.channels,
      duration: recording.duration, outputs: job.outputs, warning: recording.warning)
  }

  private func write(
    _ kind: OutputKind, of input: ClipInput, to path: String, _ analysis: Analysis,
    _ interpretation: Interpretation, _ report: ClipReport
  ) throws {
    let stft = model.configuration.stft
    switch kind {
    case .audio:
      try Recording(samples: interpretation.audio, sampleRate: stft.sampleRate)
        .write(to: path, as: settings.soundFormat)
    case .residual:
      let residual = zip(analysis.samples, interpretation.audio).map { $0 - $1 }
      try Recording(samples: residual, sampleRate: stft.sampleRate)
        .write(to: path, as: settings.soundFormat)
    case .spectrogram:
      try InterpretationFigure(
        input: analysis.logPower, mask: interpretation.mask,
        interpretation: interpretation.magnitude, sampleRate: stft.sampleRate,
        hopLength: stft.hopLength, nFFT: stft.nFFT, label: report.label,
        probability: report.probability, source: input.name
      ).write(toPNG: path)
    case .arrays:
      try NPZ.write(arrays(analysis, interpretation), to: path)
    case .json:
      try AtomicFile.write(Array((try report.json(pretty: true) + "\n").utf8), to: path)
    }
  }

  private func arrays(
    _ analysis: Analysis, _ interpretation: Interpretation
  ) -> [(name: String, array: NPZArray)] {
    func vector(_ values: [Float]) -> NPZArray {
      .float32(Tensor(shape: [values.count], values))
    }
    var arrays: [(name: String, array: NPZArray)] = [
      ("logspec", .float32(analysis.logPower)), ("mask", .float32(interpretation.mask)),
      ("interpretation", .float32(interpretation.magnitude)),
      ("logits", vector(analysis.classification.logits)),
      ("probabilities", vector(analysis.classification.probabilities)),
      ("audio", vector(interpretation.audio)),
    ]
    if let codes = interpretation.codes {
      let grid = IntegerArray(
        shape: Array(codes.shape.dropFirst()), values: codes.indices.map { Int64($0) })
      arrays.append(("codes", .int64(grid)))
    }
    return arrays
  }

  /// Runs `work`, and gives an error that does not know its file the input's name.
  private func naming<Result>(_ input: ClipInput, _ work: () throws -> Result) throws -> Result {
    do {
      return try work()
    } catch {
      throw ClipError(path: input.path, problem: "\(error)")
    }
  }
}

/// A clip that the model could not work on.
public struct ClipError: Error, CustomStringConvertible, Equatable {
  /// The sound file.
  public let path: String
  /// What went wrong and what to do, in words.
  public let problem: String

  public var description: String { "\(printable(path)): \(problem)" }
}

extension ClipInput {
  fileprivate var name: String { path == "-" ? "standard input" : path.lastPathComponent }
}

extension String {
  fileprivate var lastPathComponent: String {
    split(separator: "/").last.map(String.init) ?? self
  }
}
