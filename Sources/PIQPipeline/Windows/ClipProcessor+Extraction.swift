import Foundation
import PIQAudio

extension ClipProcessor {
  /// Cuts the windows of a timeline that have a class out of their recording, as sound files in the
  /// folder of the settings: `night/owl.2.500-7.500.dog_bark.wav`.
  ///
  /// - Throws: `SoundFileError`; `Failure`, also where one exists and none may.
  func extract(_ timeline: Timeline, of input: ClipInput) throws {
    guard let folder = settings.extractFolder else { return }
    let rate = Double(model.configuration.stft.sampleRate)
    var last = ""
    let pieces = timeline.entries.compactMap { entry -> SoundCutter.Piece? in
      guard entry.classIndex != nil else { return nil }
      let (start, end) = (
        Double(entry.samples.lowerBound) / rate, Double(entry.samples.upperBound) / rate
      )
      var name = input.stem + String(format: ".%.3f-%.3f.", start, end)
      name += Self.fileName(ofClass: timeline.label(of: entry))
      // The last window, which is moved back, may begin in the same millisecond as the one before.
      if name == last { name += "-2" }
      last = name
      return SoundCutter.Piece(start: start, end: end, path: Folder.join(folder, name + ".wav"))
    }
    let wanted = try pieces.filter { try isWanted($0.path) }
    guard let first = wanted.first else { return }
    try Folder.make(Folder.parent(of: first.path))
    try SoundCutter.cut(wanted, from: input.path, channel: input.channel)
  }

  /// Whether a file is to be written, be there one or not.
  private func isWanted(_ path: String) throws(Failure) -> Bool {
    guard settings.existing != .overwrite, FileStatus(path) != nil else { return true }
    if settings.existing == .fail { throw .outputExists(path) }
    return false
  }

  /// A class as a part of a file's name: letters, digits, - and _, no longer than names may be. It has
  /// no dot, so that times and stem can be told from it.
  static func fileName(ofClass label: String) -> String {
    let safe = String(
      label.unicodeScalars.map { scalar in
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
          || "-_".unicodeScalars.contains(scalar) ? Character(scalar) : "_"
      })
    var name = safe
    while name.utf8.count > 80 { name.removeLast() }
    return name
  }
}
