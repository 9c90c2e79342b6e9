public import PIQAudio

/// Processes clips with a model, from decoding to outputs. Several threads may share it, each with
/// its own clip.
public final class ClipProcessor: Sendable {
  /// The settings for each clip: all that outputs depend on besides the clip and the model, so that
  /// a run's journal can tell whether a clip has to be processed again.
  public struct Settings: Sendable, Encodable {
    /// The index of the class to explain; the likeliest if nil.
    public var classIndex: Int?
    /// The explanation method.
    public var method = ExplanationMethod.interpreter
    /// The settings of the method.
    public var explainer = ExplainerSettings()
    /// Which frames an interpretation covers.
    public var tail = Tail.keep
    /// How many classes a report names.
    public var top = 3
    /// The format of written sound.
    public var soundFormat = SoundFileFormat.standard
    /// The handling of outputs that exist already.
    public var existing = ExistingOutputs.overwrite
    /// The folder that `classify` cuts windows out to as sound files; none if nil.
    public var extractFolder: String?
    /// The division of long recordings into windows.
    public var windowing = Windowing()

    /// The standard settings.
    public init() {}
  }

  let model: Model
  let settings: Settings
  /// The method; a clip that it cannot explain fails with the reason.
  let explainer: Result<any Explainer, any Error>
  let observe: @Sendable (RecordingEvent) -> Void
  private let budget = MemoryBudget(Interpreter.mostMemory)

  /// A processor of clips with `model`.
  ///
  /// - Parameter observe: called with events of divided recordings, on any thread.
  public init(
    _ model: Model, _ settings: Settings,
    observe: @escaping @Sendable (RecordingEvent) -> Void = { _ in }
  ) {
    self.model = model
    self.settings = settings
    explainer = Result {
      try settings.method.makeExplainer(for: model.interpreter, settings.explainer)
    }
    self.observe = observe
  }

  /// A recording that is open, and how it is to be processed.
  enum Extent {
    /// Whole: all of it is read.
    case whole(Recording)
    /// In windows: `head` is read already.
    case windows(SoundFileReader, head: [Float])
  }

  /// Opens an input, and decides whether it is divided into windows.
  ///
  /// - Throws: `SoundFileError`, `Failure`.
  func open(_ input: ClipInput, _ clock: inout StageClock) throws -> Extent {
    switch settings.windowing.scope {
    case .none:
      return .whole(
        try clock.measure("decode") {
          try model.interpreter.read(input.path, channel: input.channel)
        })
    case .all: return .windows(try reader(of: input), head: [])
    case .longer(let limit):
      let reader = try reader(of: input)
      let most = limit * Double(reader.sampleRate)
      // The length in a header is not reliable.
      let recording = try clock.measure("decode") {
        try Recording.read(reader) { Double($0) <= most }
      }
      guard Double(recording.samples.count) > most else { return .whole(recording) }
      try checkLevel(of: recording.samples, path: input.path)
      return .windows(reader, head: recording.samples)
    }
  }

  private func reader(of input: ClipInput) throws(SoundFileError) -> SoundFileReader {
    try SoundFileReader(path: input.path, channel: input.channel)
  }

  /// Reports that a recording is divided because of its length.
  func noteDivision(of input: ClipInput) {
    if case .longer = settings.windowing.scope { observe(.divided(input: input.title)) }
  }

  /// Whether a file whose outputs exist is divided because of its length, by its header.
  func saysLonger(_ input: ClipInput) -> Bool {
    guard case .longer(let limit) = settings.windowing.scope, input.path != "-",
      FileStatus(input.path)?.kind == .regular, let reader = try? SoundFileReader(path: input.path)
    else { return false }
    return Double(reader.declaredFrames ?? 0) > limit * Double(reader.sampleRate)
  }

  /// Runs `work` on a clip of `count` samples once enough memory is available.
  func withMemory<Result>(for count: Int, _ work: () throws -> Result) rethrows -> Result {
    let bytes = model.interpreter.memoryNeeded(count)
    budget.take(bytes)
    defer { budget.release(bytes) }
    return try work()
  }

  /// The samples of a recording at the model's rate.
  func samples(
    of recording: Recording, _ input: ClipInput, _ clock: inout StageClock
  ) throws -> [Float] {
    let resample = { [model] in try model.interpreter.resampled(recording, path: input.path).samples
    }
    return recording.sampleRate == model.configuration.stft.sampleRate
      ? try resample() : try clock.measure("resample", resample)
  }
}
