public import PIQAudio
public import PIQDatasets

/// Clips in memory: decoded, mixed down and resampled once.
public struct ClipSet: Sendable {
  /// One clip's samples at the model's rate, and the index of its class.
  public struct Clip: Sendable {
    public let name: String
    public let samples: [Float]
    public let label: Int
    /// The SHA-256 of its file; nil of a sound without one.
    public let sha256: String?

    package init(name: String, samples: [Float], label: Int, sha256: String? = nil) {
      self.sha256 = sha256
      self.name = name
      self.samples = samples
      self.label = label
    }
  }

  public let clips: [Clip]

  package init(_ clips: [Clip]) { self.clips = clips }

  /// Loads clips.
  ///
  /// - Parameters:
  ///   - labels: the names of the classes, by index; each clip's is among them.
  ///   - channel: the channel of the files to take, from 1; the mean of all if nil.
  ///   - progress: called before each clip with the number loaded and the next clip.
  ///   - unusable: called with each clip that is left out because it cannot be read.
  ///   - doubtful: called with each clip that is silent or lacks something, and what is to be said.
  /// - Throws: `Failure` when they do not fit into half of the free memory, or a clip cannot be read
  ///   for a reason that may pass.
  /// - Precondition: each clip's category is among `labels`.
  public init(
    _ clips: [Dataset.Clip], labels: [String], rate: Int, channel: Int? = nil,
    progress: (_ finished: Int, _ next: String) throws -> Void = { _, _ in },
    unusable: (Dataset.Clip, Failure) -> Void = { _, _ in },
    doubtful: (Dataset.Clip, String) -> Void = { _, _ in }
  ) throws {
    let indices = Dictionary(
      labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let room = Memory.limits.unused / 2
    var used = 0
    self.clips = try clips.enumerated().compactMap { number, clip in
      try progress(number, clip.path)
      let recording: Recording
      do {
        recording = try Recording.read(path: clip.path, channel: channel)
        try checkLevel(of: recording.samples, path: clip.path)
      } catch {
        let failure = Failure(error)
        if failure.isTransient { throw failure }
        unusable(clip, failure)
        return nil
      }
      if let remark = recording.remark { doubtful(clip, remark) }
      used += 4 * recording.sampleCount(at: rate)
      guard Double(used) <= room else {
        throw Failure(
          .outOfMemory, path: clip.path,
          problem: "the first \(number + 1) of \(clips.count) clips take more than half of the "
            + "memory that is free",
          remedy: "use fewer or shorter clips, or a machine with more memory")
      }
      guard let label = indices[clip.category] else {
        preconditionFailure("\(clip.category) is not among the labels")
      }
      return Clip(
        name: clip.name, samples: recording.resampled(to: rate).samples, label: label,
        sha256: try FileHash.sha256(ofFileAt: clip.path))
    }
  }
}

extension SeenClips {
  /// The clips of a training.
  public init(train: ClipSet, valid: ClipSet) {
    self.init(train: train.clips.compactMap(\.sha256), valid: valid.clips.compactMap(\.sha256))
  }
}
