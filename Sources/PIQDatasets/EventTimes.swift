import Foundation
public import PIQPlatform

/// When events happen in the clips of a data set.
public struct EventTimes: Sendable, Equatable {
  /// The events of one class in one clip.
  public struct Events: Sendable, Equatable {
    /// The index of the clip in its data set.
    public let clip: Int
    /// The class of the events.
    public let category: String
    /// Their starts and ends, in seconds.
    public internal(set) var seconds: [Range<Double>]
  }

  /// In the order of the clips, then of the table.
  public private(set) var events: [Events] = []

  /// Reads the events of a data set.
  ///
  /// - Parameter path: a CSV file with a header and the columns `filename`, `start` and `end` (in seconds),
  ///   and `category` where a clip has events of another class than its own; or a folder of label tracks
  ///   of Audacity, `night.txt` or `night.labels.txt` for `night.flac`.
  /// - Throws: `Failure`.
  public init(path: String, of data: Dataset) throws(Failure) {
    if Folder.isFolder(path) {
      for (index, clip) in data.clips.enumerated() {
        let name = Folder.name(of: clip.path)
        let stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
        let tracks = [".txt", ".labels.txt"].map { Folder.join(path, stem + $0) }
        guard let track = tracks.first(where: { FileStatus($0) != nil }) else { continue }
        try addTrack(track, index, clip)
      }
    } else {
      try addTable(path, data)
    }
    guard !events.isEmpty else {
      throw Failure(
        .dataSetMalformed, path: path, problem: "has no event in any of the clips",
        remedy: "name the clips as the data do, or the label tracks as their sound files")
    }
  }

  private mutating func addTable(_ path: String, _ data: Dataset) throws(Failure) {
    let rows = try Dataset.rows(of: path)
    let header = rows.first?.fields ?? []
    func column(_ name: String) throws(Failure) -> Int {
      if let index = header.firstIndex(of: name) { return index }
      throw Failure(
        .dataSetMalformed, path: path, problem: "has no column \(name)",
        remedy: "its first line has to name filename, start and end")
    }
    let (file, start, end) = (try column("filename"), try column("start"), try column("end"))
    let category = header.firstIndex(of: "category")
    var clips: [String: [Int]] = [:]
    for (index, clip) in data.clips.enumerated() { clips[clip.name, default: []].append(index) }
    for row in rows.dropFirst() {
      guard row.fields.count == header.count,
        let seconds = Self.range(row.fields[start], row.fields[end])
      else { throw Self.malformed(path, row.line, "is no filename with a start and an end") }
      for index in clips[row.fields[file]] ?? [] {
        let own = category.map { row.fields[$0] } ?? ""
        add(index, own.isEmpty ? data.clips[index].category : own, seconds)
      }
    }
  }

  private mutating func addTrack(
    _ path: String, _ index: Int, _ clip: Dataset.Clip
  ) throws(Failure) {
    let file = try FileContents(
      path: path, atMost: 1 << 26, problem: "is too large for a label track",
      remedy: "name a folder of label tracks")
    let text = file.withBytes { String(decoding: $0, as: UTF8.self) }
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      // A second line of a label has its frequencies.
      if line.isEmpty || line.hasPrefix("\\") { continue }
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count >= 2, let seconds = Self.range(fields[0], fields[1]) else {
        throw Self.malformed(path, number + 1, "is no label of Audacity: start, end and label")
      }
      let label = fields.count > 2 ? fields[2].trimmingBlanks : ""
      add(index, label.isEmpty ? clip.category : label, seconds)
    }
  }

  private mutating func add(_ clip: Int, _ category: String, _ seconds: Range<Double>) {
    if let i = events.firstIndex(where: { $0.clip == clip && $0.category == category }) {
      events[i].seconds.append(seconds)
    } else {
      events.append(Events(clip: clip, category: category, seconds: [seconds]))
    }
  }

  private static func range(_ start: String, _ end: String) -> Range<Double>? {
    guard let start = Double(start.trimmingBlanks), let end = Double(end.trimmingBlanks),
      start >= 0,
      start <= end, end.isFinite
    else { return nil }
    return start..<end
  }

  private static func malformed(_ path: String, _ line: Int, _ problem: String) -> Failure {
    Failure(
      .dataSetMalformed, path: path, problem: "line \(line) \(problem)", remedy: "correct the line")
  }
}
