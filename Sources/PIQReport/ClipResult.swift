import Foundation
public import PIQAudio
public import PIQPipeline

/// The results of one clip: the files that `piq-audio interpret` wrote, where they exist.
public struct ClipResult: Sendable, Equatable {
  /// The paths of its files below the folder without their suffixes: `night/owl`.
  public let name: String
  /// The path of its JSON file.
  public let path: String
  /// The content of the JSON file.
  public let report: ClipReport

  private static let ending = ".interpretation.json"
  /// Far above any report: a day's recording in windows of one second takes a tenth of it.
  private static let mostBytes = 256 << 20

  /// The JSON files of interpretations in `folder` and below it, in the order of their names;
  /// hidden ones are left out.
  ///
  /// - Returns: their paths, each beginning with `folder`.
  /// - Throws: `Failure` when the folder does not exist or has none.
  public static func find(in folder: String) throws(Failure) -> [String] {
    guard Folder.isFolder(folder) else {
      throw Failure(
        .resultsNotFound, path: folder,
        problem: FileStatus(folder) != nil ? "is not a folder" : "there is no such folder",
        remedy: "name the folder that interpretations were written to")
    }
    let found = try FolderWalk(below: folder).files.filter { $0.hasSuffix(ending) }
    guard !found.isEmpty else {
      throw Failure(
        .resultsNotFound, path: folder, problem: "holds no interpretations (*\(ending))",
        remedy: "interpret clips into this folder first, their JSON included")
    }
    return found.map { Folder.join(folder, $0) }
  }

  /// Reads the JSON file at `path`, which lies in `folder` or below it.
  ///
  /// - Throws: `Failure` when it cannot be read or is not the JSON of an
  ///   interpretation.
  public init(path: String, in folder: String) throws {
    let remedy = "interpret the clip again, or remove the file"
    let file = try FileContents(
      path: path, atMost: Self.mostBytes, problem: "is too large for a report", remedy: remedy)
    do {
      report = try file.withBytes { try JSON.decode(ClipReport.self, from: $0) }
    } catch {
      throw Failure(
        .fileMalformed, path: path, problem: "is not the JSON of an interpretation", remedy: remedy)
    }
    self.path = path
    name = String(path.dropFirst(Folder.join(folder, "").count).dropLast(Self.ending.count))
  }

  /// The path of one of the clip's other files, if it exists: the first of `endings`.
  func file(_ endings: String...) -> String? {
    let stem = path.dropLast(Self.ending.count)
    return endings.map { stem + $0 }.first { FileStatus($0) != nil }
  }
}
