public import PIQAudio
public import PIQPipeline

/// The inputs of a run: files as they are given, folders searched for sound files in and below
/// them, "-" for standard input. Hidden files and this program's own outputs are not searched for.
///
/// A file that does not exist is kept: it fails when processed, without stopping the others. A file
/// that is given twice is taken once, under its first path.
public struct InputExpansion {
  /// The inputs in the order of the arguments, those of a folder in the order of their names.
  public private(set) var inputs: [ClipInput] = []
  /// The folders that could not be read or hold no sound.
  public private(set) var failures: [Failure] = []

  private let keepsPaths: Bool
  private let remark: (InputRemark) -> Void

  /// Finds the inputs.
  ///
  /// - Parameters:
  ///   - named: paths that the user named one by one.
  ///   - listed: paths of a list, which follow.
  ///   - keepsPaths: whether the outputs of each input keep its path, so that files of one name in
  ///     several folders have outputs of their own.
  ///   - remark: called with what is left out, and other remarks.
  public init(
    named: [String], listed: [String] = [], keepsPaths: Bool = false,
    remark: @escaping (InputRemark) -> Void = { _ in }
  ) {
    self.keepsPaths = keepsPaths
    self.remark = remark
    for path in named { take(path, isNamed: true) }
    for path in listed { take(path, isNamed: false) }
    removeRepetitions()
  }

  private mutating func take(_ path: String, isNamed: Bool) {
    guard path != "-", Folder.isFolder(path) else {
      if !isNamed, path != "-", FileStatus(path)?.kind == .other {
        // Opened, a pipe would be waited for.
        remark(.specialFile(path: path))
        return
      }
      inputs.append(ClipInput(path: path, isNamed: isNamed, keepsPath: keepsPaths))
      return
    }
    do throws(Failure) {
      try search(path)
    } catch {
      failures.append(error)
    }
  }

  private mutating func search(_ folder: String) throws(Failure) {
    let base = Folder.join(folder, "")
    let walk = try FolderWalk(below: folder)
    failures += walk.failures
    for link in walk.followedLinks { remark(.followedLink(path: base + link)) }
    for link in walk.repeatedLinks { remark(.repeatedLink(path: base + link)) }
    for file in walk.specialFiles where SoundFileName.isSound(Folder.name(of: file)) {
      remark(.specialFile(path: base + file))
    }
    let before = inputs.count
    var (noSounds, ownOutputs) = (0, 0)
    for file in walk.files {
      let (path, name) = (base + file, Folder.name(of: file))
      if !SoundFileName.isSound(name) {
        noSounds += 1
        remark(.noSound(path: path))
      } else if OutputKind.isOutputSound(name) {
        ownOutputs += 1
        remark(.ownOutput(path: path))
      } else {
        inputs.append(ClipInput(path: path, relative: file, isNamed: false, keepsPath: keepsPaths))
      }
    }
    if noSounds + ownOutputs > 0, inputs.count > before {
      remark(.leftOut(folder: folder, noSounds: noSounds, ownOutputs: ownOutputs))
    }
    guard inputs.count > before || !walk.failures.isEmpty else {
      throw Failure(
        .noSounds, path: folder, problem: "the folder holds no sound files",
        remedy: "name a folder with WAV, FLAC, Ogg or other sound files")
    }
  }

  /// Keeps the first of the inputs that are the same file.
  private mutating func removeRepetitions() {
    guard inputs.count > 1 else { return }
    // Hashes only: the real paths would take more memory than the inputs.
    var places: [Int: Int] = [:]
    var kept: [ClipInput] = []
    kept.reserveCapacity(inputs.count)
    var first: String?
    for input in inputs {
      let file = Self.file(input)
      let place = places[file.hashValue]
      if input.path != "-", let place, Self.file(kept[place]) == file {
        first = first ?? kept[place].path
        remark(.repeated(path: input.path, as: kept[place].path))
        continue
      }
      places[file.hashValue] = kept.count
      kept.append(input)
    }
    if let first { remark(.repetitions(count: inputs.count - kept.count, first: first)) }
    inputs = kept
  }

  /// What makes an input the same file as another: its real path, or its own where there is none.
  private static func file(_ input: ClipInput) -> [UInt8] {
    (Folder.realPath(input.path) ?? input.path).pathBytes
  }
}
