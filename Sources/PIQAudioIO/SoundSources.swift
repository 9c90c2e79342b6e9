/// Chooses the decoder of a sound file, by its bytes alone.
enum SoundSources {
  /// How much of something else may be before the first frame of an MP3, in bytes.
  private static let mostBeforeMPEG = 64 << 10

  /// Opens the sound in `bytes`.
  ///
  /// - Parameter name: its name in errors.
  static func open(_ bytes: FileBytes, name: String) throws(SoundFileError) -> any SoundSource {
    // Players write tags before files of any kind, and decoders count their bytes as sound.
    let bytes = Tags.removingLeading(from: bytes)
    guard bytes.count > 0 else { throw SoundFileError(path: name, problem: .noSamples) }
    // Each returns nil for a file of another kind.
    if let source = try MPEGSource.open(bytes, name: name) { return source }
    if let source = try FLACSource.open(bytes, name: name) { return source }
    if let source = try OggSource.open(bytes, name: name) { return source }
    if let source = try FFmpegSource.open(bytes, name: name) { return source }
    if let source = try LibsndfileSource.open(bytes, name: name) { return source }
    // Last, for it searches where other formats have their sound.
    if let source = try MPEGSource.open(bytes, name: name, within: mostBeforeMPEG) { return source }
    throw SoundFileError(path: name, problem: .notSound)
  }
}
