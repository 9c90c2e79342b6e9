import PIQAudio
public import PIQPipeline

extension ClipInput {
  /// Each channel of each input as an input of its own, in the order of the channels.
  ///
  /// Files with one channel, and files that cannot be opened, stay one input: the latter fail when
  /// they are processed.
  ///
  /// - Parameter progress: called before each file with the number opened, the total, and its path.
  public static func eachChannel(
    of inputs: [ClipInput],
    progress: (_ opened: Int, _ total: Int, _ next: String) -> Void = { _, _, _ in }
  ) -> [ClipInput] {
    inputs.enumerated().flatMap { opened, input -> [ClipInput] in
      progress(opened, inputs.count, input.path)
      guard let count = try? SoundFileReader(path: input.path).channels, count > 1 else {
        return [input]
      }
      return (1...count).map { input.taking(channel: $0, isOneOfSeveral: true) }
    }
  }
}
