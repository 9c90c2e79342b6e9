import Foundation
public import PIQAudio
public import PIQPipeline

extension ClipInput {
  /// The inputs given by a command's arguments: files as they are, folders searched for sound files
  /// below them (in the order of their names, hidden ones and this program's own outputs left out),
  /// "-" for standard input.
  ///
  /// A file that does not exist is kept: it fails when processed, without stopping the others.
  ///
  /// - Returns: the inputs, and an error for each folder that cannot be read or holds no sound.
  public static func expand(_ arguments: [String]) -> (inputs: [ClipInput], failures: [Failure]) {
    var inputs: [ClipInput] = []
    var failures: [Failure] = []
    for argument in arguments {
      if argument != "-", Folder.isFolder(argument) {
        do throws(Failure) {
          inputs += try soundFiles(below: argument)
        } catch {
          failures.append(error)
        }
      } else {
        inputs.append(ClipInput(path: argument, stem: stem(of: Folder.name(of: argument))))
      }
    }
    return (inputs, failures)
  }

  /// The paths in the file `path`, one a line, or separated by NUL bytes if it holds any; "-" reads
  /// standard input.
  ///
  /// - Throws: `Failure` when it cannot be read or is not text.
  public static func paths(listedIn path: String) throws(Failure) -> [String] {
    let data: Data
    do {
      data =
        path == "-"
        ? try FileHandle.standardInput.readToEnd() ?? Data()
        : try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw Failure(
        .listNotReadable, path: path, problem: "the list of files could not be read",
        remedy: "check its path", underlying: error)
    }
    let separator: UInt8 = data.contains(0) ? 0 : UInt8(ascii: "\n")
    var paths: [String] = []
    for line in data.split(separator: separator) {
      let bytes = separator != 0 && line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Failure(
          .listNotReadable, path: path, problem: "the list of files is not UTF-8 text",
          remedy: "give one path a line")
      }
      if !text.isEmpty { paths.append(text) }
    }
    return paths
  }

  private static func soundFiles(below folder: String) throws(Failure) -> [ClipInput] {
    let base = folder.hasSuffix("/") ? folder : folder + "/"
    let found = try Folder.contents(below: folder) { path in
      isSoundFile(path) && !Folder.isFolder(base + path)
    }
    guard !found.isEmpty else {
      throw Failure(
        .noSounds, path: folder, problem: "the folder holds no sound files",
        remedy: "name a folder with WAV, FLAC, Ogg or other sound files")
    }
    return found.map { ClipInput(path: base + $0, stem: stem(of: $0)) }
  }

  private static func isSoundFile(_ path: String) -> Bool {
    let name = Folder.name(of: path)
    return SoundFileName.isSound(name) && !OutputKind.isOutputSound(name)
  }

  /// `path` without the extension of its last part; standard input is called `stdin`.
  private static func stem(of path: String) -> String {
    if path == "-" { return "stdin" }
    let name = Folder.name(of: path)
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return path }
    return String(path.dropLast(name[dot...].count))
  }
}
