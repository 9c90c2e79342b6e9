import Foundation
public import PIQPipeline
public import PIQPlatform

/// The results of one clip: the files that `piq-audio interpret` wrote, as far as they exist.
public struct ClipResult: Sendable, Equatable {
  /// The paths of its files below the folder without their endings: `night/owl`.
  public let name: String
  /// The path of its JSON file.
  public let path: String
  /// The content of the JSON file.
  public let report: ClipReport

  private static let ending = ".interpretation.json"
  /// Far above any report: windows of one second of a day's recording make a tenth of it.
  private static let mostBytes = 256 << 20

  /// The JSON files of interpretations in `folder` and below it, in the order of their names;
  /// hidden ones are left out.
  ///
  /// - Returns: their paths, each beginning with `folder`.
  /// - Throws: `Failure` when the folder is not there or has none.
  public static func find(in folder: String) throws(Failure) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw Failure(
        .resultsNotFound, path: folder, problem: "there is no such folder",
        remedy: "name the folder that interpretations were written to")
    }
    guard isFolder.boolValue else {
      throw Failure(
        .resultsNotFound, path: folder, problem: "is not a folder",
        remedy: "name the folder that interpretations were written to")
    }
    // An enumerator does not follow a link, but the folder that was asked for may be one.
    let resolved = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
    guard access(folder, R_OK | X_OK) == 0,
      let enumerator = FileManager.default.enumerator(atPath: resolved)
    else {
      throw Failure(
        .folderNotReadable, path: folder, problem: "the folder could not be read",
        remedy: "check its permissions")
    }
    let found = enumerator.compactMap { $0 as? String }.filter { path in
      path.hasSuffix(ending) && !path.split(separator: "/").contains { $0.hasPrefix(".") }
    }
    guard !found.isEmpty else {
      throw Failure(
        .resultsNotFound, path: folder, problem: "holds no interpretations (*\(ending))",
        remedy: "interpret clips into this folder first, their JSON included")
    }
    // By their bytes: the same order in every locale.
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      .map { Folder.join(folder, $0) }
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
      report = try file.withBytes { try JSONDecoder().decode(ClipReport.self, from: Data($0)) }
    } catch {
      throw Failure(
        .fileMalformed, path: path, problem: "is not the JSON of an interpretation", remedy: remedy)
    }
    self.path = path
    name = String(path.dropFirst(Folder.join(folder, "").count).dropLast(Self.ending.count))
  }

  /// The path of one of the clip's other files, where it is there: the first of `endings`.
  func file(_ endings: String...) -> String? {
    let stem = path.dropLast(Self.ending.count)
    return endings.map { stem + $0 }.first { access($0, F_OK) == 0 }
  }
}
