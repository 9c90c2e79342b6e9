import PIQAudioIO
public import PIQPlatform

/// A data set of labelled sound files.
///
///     let data = try Dataset(path: "esc10/clips.csv", folds: [4])
///     let labels = try data.labels(among: model.configuration.labels)
public struct Dataset: Sendable {
  /// A sound file with its class.
  public struct Clip: Sendable, Hashable {
    /// The path of its sound file.
    public let path: String
    /// Its name in the data set: the CSV's name for it, or its path below the folder.
    public let name: String
    /// Its class.
    public let category: String
    /// Its fold, where the data set has folds.
    public let fold: Int?
    /// The work that it is, with title, author, licence and source as far as the data set has them, where
    /// its licence asks for a mention.
    public let attribution: String?
  }

  /// The CSV file or the folder.
  public let path: String
  /// The clips in the order of the CSV, or by name.
  public let clips: [Clip]
  /// What is to be said of files in a folder of classes that are no clips; nil if there is nothing.
  public let remark: String?

  /// Reads a data set; no sound is read yet.
  ///
  /// - Parameters:
  ///   - path: a CSV file with a header and the columns `filename` and `category`, and `fold` where
  ///     folds are requested (ESC-50's `meta/esc50.csv` is one); or a folder with one sub-folder a class,
  ///     its sound files in it or further below. Of other columns, `licence`, `author`, `title` and
  ///     `source` are read where they are there.
  ///   - folds: the folds to take; all clips if nil.
  ///   - audioFolder: where the files of a CSV are; otherwise they are looked for beside it, in
  ///     `audio` beside it, and in `../audio`. Names that begin with `/` are paths already.
  /// - Throws: `Failure`.
  public init(path: String, folds: Set<Int>? = nil, audioFolder: String? = nil) throws(Failure) {
    self.path = path
    guard FileStatus(path) != nil else {
      throw Failure(
        .fileNotFound, path: path, problem: "does not exist",
        remedy: "name a CSV file or a folder of classes")
    }
    if Folder.isFolder(path) {
      guard folds == nil else {
        throw Failure(
          .noFolds, path: path, problem: "a folder of classes has no folds",
          remedy: "take all clips, or write a CSV file with a column fold")
      }
      (clips, remark) = try Self.clips(below: path)
    } else {
      remark = nil
      clips = try Self.clips(listedIn: path, folds: folds, audioFolder: audioFolder)
    }
  }

  /// The index of each clip's class among `labels`.
  ///
  /// - Throws: `Failure` naming the first class that is missing.
  public func labels(among labels: [String]) throws(Failure) -> [Int] {
    let indices = Dictionary(
      labels.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    var result: [Int] = []
    for clip in clips {
      guard let index = indices[clip.category] else {
        throw Failure(
          .unknownClass, path: path,
          problem:
            "\(printable(clip.name)) is of the class \(clip.category.debugDescription), which the "
            + "model does not know",
          remedy: "leave its clips out")
      }
      result.append(index)
    }
    return result
  }
}

// MARK: A CSV file

extension Dataset {
  private static let largestTable = 256 << 20

  private static func clips(
    listedIn path: String, folds: Set<Int>?, audioFolder: String?
  ) throws(Failure) -> [Clip] {
    let rows = try rows(of: path)
    guard let header = rows.first else {
      throw Failure(
        .dataSetMalformed, path: path, problem: "is empty",
        remedy: "give it the columns filename, fold and category")
    }
    func column(_ name: String) throws(Failure) -> Int {
      guard let index = header.fields.firstIndex(of: name) else {
        throw missing(name, in: header, of: path)
      }
      return index
    }
    let (filename, category) = (try column("filename"), try column("category"))
    // Without a choice of folds none are needed.
    let fold = folds == nil ? header.fields.firstIndex(of: "fold") : try column("fold")
    let folders = audioFolder.map { [$0] } ?? audioFolders(of: path)
    let works = Attribution(header.fields)
    var clips: [Clip] = []
    for row in rows.dropFirst() {
      func malformed(_ problem: String) -> Failure {
        Failure(
          .dataSetMalformed, path: path, problem: "line \(row.line) \(problem)",
          remedy: "correct the line")
      }
      guard row.fields.count == header.fields.count else {
        throw malformed(
          "has \(row.fields.count) fields where the header has \(header.fields.count)")
      }
      let (name, label) = (row.fields[filename], row.fields[category])
      guard !name.isEmpty, !name.utf8.contains(0) else { throw malformed("has no filename") }
      guard !label.isEmpty else { throw malformed("has no category") }
      guard label == label.trimmingBlanks else {
        throw malformed("has blanks around its category \(label.debugDescription)")
      }
      var number: Int?
      if let fold {
        number = Int(row.fields[fold])
        guard number != nil || folds == nil else {
          throw malformed("has the fold \(row.fields[fold].debugDescription), which is no number")
        }
      }
      if let folds, let number, !folds.contains(number) { continue }
      clips.append(
        Clip(
          path: try locate(name, in: folders, line: row.line, of: path), name: name,
          category: label, fold: number, attribution: works.text(row.fields)))
    }
    guard !clips.isEmpty else {
      let asked = folds.map { $0.sorted().map(String.init).joined(separator: ", ") }
      throw Failure(
        .dataSetMalformed, path: path,
        problem: asked.map { "has no clips in fold \($0)" } ?? "lists no clips",
        remedy: asked == nil ? "add a row a clip" : "choose other folds")
    }
    return clips
  }

  /// The rows of a table.
  static func rows(of path: String) throws(Failure) -> [CSV.Row] {
    let file = try FileContents(
      path: path, atMost: largestTable, problem: "is too large for a list of clips",
      remedy: "name a CSV file with a row a clip")
    do throws(CSV.Malformed) {
      return try file.withBytes { bytes throws(CSV.Malformed) in try CSV.rows(of: bytes) }
    } catch {
      throw Failure(
        .dataSetMalformed, path: path, problem: "line \(error.line) \(error.problem)",
        remedy: "correct the line, or name a CSV file")
    }
  }

  private static func audioFolders(of path: String) -> [String] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let beside = parts.isEmpty ? "" : parts == [""] ? "/" : parts.joined(separator: "/")
    return [beside, Folder.join(beside, "audio"), Folder.join(beside, "../audio")]
  }

  private static func locate(
    _ name: String, in folders: [String], line: Int, of path: String
  ) throws(Failure) -> String {
    let isWhole = name.utf8.first == UInt8(ascii: "/")
    for candidate in isWhole ? [name] : folders.map({ Folder.join($0, name) }) {
      if let status = FileStatus(candidate), status.kind != .folder { return candidate }
    }
    let places = folders.map { printable($0.isEmpty ? "." : $0) }.joined(separator: ", ")
    let shown = name == name.trimmingBlanks ? printable(name) : name.debugDescription
    throw Failure(
      .soundsNotFound, path: path,
      problem: "line \(line): \(shown) is not " + (isWhole ? "there" : "in \(places)"),
      remedy: name == name.trimmingBlanks
        ? "say where the sound files are" : "remove the blanks around the name")
  }

  /// The failure of a table whose header lacks the column `name`.
  private static func missing(_ name: String, in header: CSV.Row, of path: String) -> Failure {
    let separators = [(";", "semicolons"), ("\t", "tabs")]
    let (problem, remedy) =
      if let other = separators.first(where: { header.fields.joined().contains($0.0) }) {
        (
          "has \(other.1) between its columns, where commas are needed",
          "save it with commas between its columns"
        )
      } else if header.fields.contains(where: { $0.trimmingBlanks == name }) {
        ("has blanks around the name of its column \(name)", "remove the blanks beside the commas")
      } else {
        ("has no column \(name)", "its first line has to name filename, fold and category")
      }
    return Failure(.dataSetMalformed, path: path, problem: problem, remedy: remedy)
  }
}

// MARK: A folder of classes

extension Dataset {
  private static func clips(below folder: String) throws(Failure) -> ([Clip], remark: String?) {
    var clips: [Clip] = []
    var leftOut: [String] = []
    for category in try Folder.names(in: folder) where category.utf8.first != UInt8(ascii: ".") {
      let classFolder = Folder.join(folder, category)
      guard Folder.isFolder(classFolder) else {
        if SoundFileName.isSound(category) { leftOut.append(category) }
        continue
      }
      let walk = try FolderWalk(below: classFolder)
      // A class that lacks clips without a word would be learnt wrongly.
      if let failure = walk.failures.first { throw failure }
      leftOut += walk.specialFiles.filter(SoundFileName.isSound).map {
        Folder.join(category, $0)
      }
      for name in walk.files where SoundFileName.isSound(name) {
        clips.append(
          Clip(
            path: Folder.join(classFolder, name), name: "\(category)/\(name)",
            category: category, fold: nil, attribution: nil))
      }
    }
    guard !clips.isEmpty else {
      throw Failure(
        .dataSetMalformed, path: folder, problem: "has no sub-folders with sound files",
        remedy: "give each class a folder of its name, or name a CSV file")
    }
    guard let first = leftOut.first else { return (clips, nil) }
    let count = leftOut.count == 1 ? "1 sound is" : "\(leftOut.count) sounds are"
    return (
      clips,
      "\(count) left out, the first \(printable(first)): not a file in the folder of a class"
    )
  }
}

extension String {
  /// Without spaces and tabs at its ends.
  var trimmingBlanks: String {
    let isBlank = { (scalar: UnicodeScalar) in scalar == " " || scalar == "\t" }
    let scalars = unicodeScalars.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
    return String(String.UnicodeScalarView(scalars))
  }
}
