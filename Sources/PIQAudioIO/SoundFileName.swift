/// What the names of sound files look like.
public enum SoundFileName {
  private static let extensions: Set<String> = [
    "wav", "wave", "flac", "ogg", "oga", "opus", "aif", "aiff", "aifc", "caf", "mp3", "mp2", "w64",
    "rf64", "bwf", "au", "sph", "voc", "sds",
  ]

  /// Whether a file found in a folder is taken for sound, by the extension of its name.
  public static func isSound(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return extensions.contains(name[name.index(after: dot)...].lowercased())
  }
}
