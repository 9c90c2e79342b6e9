import PIQ
public import PIQAudioIO
import PIQCheckpoints
public import PIQClassifiers
import PIQExplanations
public import PIQModels
import PIQPlatform
import PIQPlotting
import PIQSpectral
import PIQTensor
import Synchronization

/// Takes clips through a model and writes what was asked for: the whole way. Several threads may
/// share it, each with a clip of its own.
public final class ClipProcessor: Sendable {
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
    /// How long recordings are divided.
    public var windowing = Windowing()
    /// Told of recordings that are divided; called by any thread.
    public var observe: @Sendable (RecordingEvent) -> Void = { _ in }

    /// The standard settings.
    public init() {}
  }

  /// What became of a clip.
  public enum Outcome: Sendable {
    case done(TimedReport)
    /// All of its outputs were there already.
    case skipped
  }

  let model: Model
  let settings: Settings
  private let resamplers = Mutex<[Int: Resampler]>([:])
  let budget = MemoryBudget(Interpreter.mostMemory)
  private static let resamplersKept = 16

  /// A processor that takes all of its clips through `model`.
  public init(_ model: Model, _ settings: Settings) {
    self.model = model
    self.settings = settings
  }

  /// Interprets a clip and writes the outputs of its job; the keys of `outputs` are those of
  /// `OutputKind`.
  ///
  /// A recording that the settings say is divided has no arrays, one that is taken whole none of
  /// the tables of windows, whatever the job says.
  ///
  /// - Throws: a typed error that names the file, what is wrong with it and what to do.
  public func interpret(_ job: ClipJob) throws -> Outcome {
    let (whole, divided) = (job.keeping(OutputKind.ofClips), job.keeping(OutputKind.ofWindows))
    let existing = settings.existing
    switch settings.windowing.scope {
    case .none:
      if try whole.shouldSkip(existing) { return .skipped }
      var clock = StageClock()
      let recording = try clock.measure("decode") { try read(job.input) }
      return .done(try interpretWhole(whole, recording, clock))
    case .all:
      if try divided.shouldSkip(existing) { return .skipped }
      return .done(
        try interpretWindows(divided, SoundFileReader(path: job.input.path), head: []))
    case .longer(let limit):
      if try divided.shouldSkip(existing) { return .skipped }
      if try whole.shouldSkip(existing), !Self.saysLonger(job.input, than: limit) {
        return .skipped
      }
      var clock = StageClock()
      let reader = try SoundFileReader(path: job.input.path)
      let most = limit * Double(reader.sampleRate)
      // What a header says of the length is not to be relied upon.
      let recording = try clock.measure("decode") {
        try Recording.read(reader) { Double($0) <= most }
      }
      guard Double(recording.samples.count) > most else {
        return .done(try interpretWhole(whole, recording, clock))
      }
      try checkLevel(of: recording.samples, path: job.input.path)
      return .done(try interpretLong(job, divided, reader, head: recording.samples))
    }
  }

  /// Whether the header of a file whose outputs exist says that it lasts longer than `limit` seconds.
  private static func saysLonger(_ input: ClipInput, than limit: Double) -> Bool {
    guard input.path != "-", let reader = try? SoundFileReader(path: input.path) else {
      return false
    }
    return Double(reader.declaredFrames ?? 0) > limit * Double(reader.sampleRate)
  }

  /// Divides a recording because of its length, and says so.
  private func interpretLong(
    _ job: ClipJob, _ divided: ClipJob, _ reader: SoundFileReader, head: [Float]
  ) throws -> TimedReport {
    let windowing = settings.windowing
    if windowing.refusesArrays, job.output(.arrays) != nil {
      throw Failure(
        .arraysOfWindows, path: job.input.path,
        problem: "is divided into windows, for which arrays are not written",
        remedy: "leave arrays out, or take it whole")
    }
    settings.observe(.divided(input: job.input.path))
    return try interpretWindows(divided, reader, head: head)
  }

  /// Interprets a clip whole.
  private func interpretWhole(
    _ job: ClipJob, _ recording: Recording, _ clock: StageClock
  ) throws -> TimedReport {
    var clock = clock
    let samples = try samples(of: recording, job.input, &clock)
    // Before the long work, but not for an input that cannot be read.
    try job.makeFolders()
    let bytes = model.interpreter.memoryNeeded(samples.count)
    budget.take(bytes)
    defer { budget.release(bytes) }
    let (analysis, interpretation) = try Failure.naming(job.input.path) {
      let analysis = try clock.measure("classify") { try model.interpreter.analyze(samples) }
      let interpretation = try clock.measure("interpret") {
        try model.interpreter.interpret(analysis, as: settings.label, tail: settings.tail)
      }
      return (analysis, interpretation)
    }
    var report = report(
      job.input, recording, analysis.classification, index: interpretation.index)
    report.outputs = job.outputs
    try clock.measure("write") {
      for kind in OutputKind.allCases {
        guard let path = job.output(kind) else { continue }
        let clipped = try write(kind, of: job.input, to: path, analysis, interpretation, report)
        if clipped > 0 { report.warn("\(clipped) samples of \(path) were cut to full scale") }
      }
    }
    return TimedReport(report: report, seconds: clock.withTotal)
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
    let bytes = model.interpreter.memoryNeeded(samples.count)
    budget.take(bytes)
    defer { budget.release(bytes) }
    let analysis = try Failure.naming(input.path) {
      try clock.measure("classify") { try model.interpreter.analyze(samples) }
    }
    let report = report(
      input, recording, analysis.classification, index: analysis.classification.index)
    return (
      TimedReport(report: report, seconds: clock.withTotal), analysis.classification.probabilities
    )
  }

  /// Draws the log-power spectrogram that the model's front end makes of a clip, to the path under
  /// `spectrogram` in the job's outputs.
  ///
  /// - Returns: a report, or nothing if the picture was there already and was left alone.
  /// - Throws: as `interpret(_:)`.
  public func drawSpectrogram(_ job: ClipJob) throws -> SpectrogramReport? {
    if try job.shouldSkip(settings.existing) { return nil }
    var clock = StageClock()
    let (recording, samples) = try load(job.input, &clock)
    try job.makeFolders()
    let stft = model.configuration.stft
    let bytes = model.interpreter.memoryNeeded(samples.count)
    budget.take(bytes)
    defer { budget.release(bytes) }
    let logPower = try Failure.naming(job.input.path) {
      try model.interpreter.logPower(of: samples)
    }
    let figure = try SpectrogramFigure(
      logPower, sampleRate: stft.sampleRate,
      hopLength: stft.hopLength, nFFT: stft.nFFT, title: job.input.name)
    if let path = job.output(.spectrogram) { try figure.write(toPNG: path) }
    return SpectrogramReport(
      input: job.input.path, outputs: job.outputs, warning: recording.warning)
  }

  /// The recording, and its samples at the model's rate.
  private func load(
    _ input: ClipInput, _ clock: inout StageClock
  ) throws -> (Recording, samples: [Float]) {
    let recording = try clock.measure("decode") { try read(input) }
    return (recording, try samples(of: recording, input, &clock))
  }

  /// Reads a clip whole: as far as the model has memory for it, and no further.
  private func read(_ input: ClipInput) throws -> Recording {
    let reader = try SoundFileReader(path: input.path)
    let growth = Double(model.configuration.stft.sampleRate) / Double(reader.sampleRate)
    let recording = try Recording.read(reader) { count in
      (try? model.interpreter.checkLength(Int(Double(count) * growth))) != nil
    }
    try Failure.naming(input.path) {
      try model.interpreter.checkLength(Int(Double(recording.samples.count) * growth))
    }
    return recording
  }

  /// The samples of a recording at the model's rate.
  private func samples(
    of recording: Recording, _ input: ClipInput, _ clock: inout StageClock
  ) throws -> [Float] {
    try checkLevel(of: recording.samples, path: input.path)
    let rate = model.configuration.stft.sampleRate
    guard recording.sampleRate != rate else { return recording.samples }
    let resampler = resampler(from: recording.sampleRate, to: rate)
    try Failure.naming(input.path) {
      try model.interpreter.checkLength(resampler.outputCount(for: recording.samples.count))
    }
    return clock.measure("resample") { resampler.resample(recording.samples) }
  }

  /// A resampler, made once for each rate that comes up again.
  func resampler(from rate: Int, to newRate: Int) -> Resampler {
    resamplers.withLock { resamplers in
      if let known = resamplers[rate] { return known }
      let resampler = Resampler(from: rate, to: newRate)
      if resamplers.count == Self.resamplersKept { resamplers.removeAll() }
      resamplers[rate] = resampler
      return resampler
    }
  }

  private func report(
    _ input: ClipInput, _ recording: Recording, _ classification: Classification, index: Int
  ) -> ClipReport {
    let labels = model.configuration.labels
    return ClipReport(
      input: input.path, label: labels[index], index: index,
      probability: classification.probabilities[index],
      top: classification.ranking.prefix(settings.top).map {
        .init(label: labels[$0], probability: classification.probabilities[$0])
      },
      model: .init(name: model.configuration.name, sha256: model.sha256),
      sampleRate: recording.sampleRate, channels: recording.channels,
      duration: recording.duration, outputs: [:], warning: recording.warning)
  }

  /// Writes one output.
  ///
  /// - Returns: how many samples did not fit the encoding's range.
  private func write(
    _ kind: OutputKind, of input: ClipInput, to path: String, _ analysis: Analysis,
    _ interpretation: Interpretation, _ report: ClipReport
  ) throws -> Int {
    let stft = model.configuration.stft
    switch kind {
    case .audio:
      return try Recording(samples: interpretation.audio, sampleRate: stft.sampleRate)
        .write(to: path, as: settings.soundFormat)
    case .residual:
      let residual = zip(analysis.clip.samples, interpretation.audio).map { $0 - $1 }
      return try Recording(samples: residual, sampleRate: stft.sampleRate)
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
      try AtomicFile.write(Array((try JSON.indented(report) + "\n").utf8), to: path)
    case .timeline, .labels, .selections: break  // of windows
    }
    return 0
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
}

extension ClipInput {
  var name: String { path == "-" ? "standard input" : Folder.name(of: path) }
}
