import Files
import Foundation

/// One clip's way through a run: its input and where each output goes.
public struct ClipJob: Sendable, Hashable {
  public let input: ClipInput
  /// The paths to write, by kind (`audio`, `json`, …).
  public let outputs: [String: String]

  /// Pairs each input with its outputs `folder/stem + suffix`.
  ///
  /// - Parameters:
  ///   - suffixes: what follows a stem, by kind.
  ///   - folder: the output folder; the current one if nil.
  /// - Throws: `BatchError` of kind `usage` when two inputs would write the same file, or standard
  ///   input is named twice.
  public static func plan(
    _ inputs: [ClipInput], suffixes: [String: String], folder: String?
  ) throws(BatchError) -> [ClipJob] {
    let base = folder.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? ""
    var writers: [String: String] = [:]
    var jobs: [ClipJob] = []
    for input in inputs {
      let outputs = suffixes.mapValues { base + input.stem + $0 }
      for (_, output) in outputs.sorted(by: { $0.key < $1.key }) {
        let key = (output as NSString).standardizingPath
        if let other = writers.updateValue(input.path, forKey: key) {
          throw BatchError(
            kind: .usage, path: output,
            problem: "\(printable(other)) and \(printable(input.path)) would both write it",
            remedy: "run them apart, or with another --output-dir each")
        }
      }
      jobs.append(ClipJob(input: input, outputs: outputs))
    }
    return jobs
  }

  /// Whether the clip is to be skipped because its outputs exist.
  ///
  /// - Throws: `BatchError` when one exists and none may.
  func shouldSkip(_ existing: ExistingOutputs) throws(BatchError) -> Bool {
    guard existing != .overwrite, !outputs.isEmpty else { return false }
    let present = outputs.values.sorted().filter { access($0, F_OK) == 0 }
    if existing == .fail, let first = present.first {
      throw BatchError(
        kind: .input, path: first, problem: "exists already",
        remedy: "remove it, or use --existing overwrite or --existing skip")
    }
    return present.count == outputs.count
  }

  /// Makes the folders that the outputs go to.
  ///
  /// - Throws: `FileError`.
  func makeFolders() throws(FileError) {
    for output in outputs.values {
      let folder = (output as NSString).deletingLastPathComponent
      guard !folder.isEmpty else { continue }
      do {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      } catch {
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        let code = cause.map { Int32($0.code) } ?? ((error as? CocoaError)?.posixCode ?? EACCES)
        throw FileError(path: folder, action: "make the folder", errno: code)
      }
    }
  }
}

extension CocoaError {
  fileprivate var posixCode: Int32? {
    switch code {
    case .fileWriteFileExists: ENOTDIR
    case .fileWriteNoPermission: EACCES
    case .fileWriteOutOfSpace: ENOSPC
    case .fileWriteVolumeReadOnly: EROFS
    default: nil
    }
  }
}
