import Foundation
public import PIQPlatform

/// The names of a model's classes, in the order of its outputs, from a file of any usual kind:
/// SpeechBrain's `label_encoder.txt`, one name a line, CSV with a header and the columns `index` and
/// `display_name` (AudioSet's class map), `name`, `label` or `category`, or a `config.json` of Hugging
/// Face with `id2label`.
public enum LabelFile {
  private static let longestFile = 16 << 20

  /// The labels in the file at `path`.
  ///
  /// - Throws: `Failure` when it cannot be read, or has no label for an index.
  public static func read(path: String) throws(Failure) -> [String] {
    if ModelFiles.labels.contains(Folder.name(of: path)) {
      return try SpeechBrainLabels.read(path: path)
    }
    let text = try textOfFile(path, longest: longestFile)
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard let first = lines.first(where: { !$0.allSatisfy(\.isWhitespace) }) else {
      throw malformed(path, "holds no labels")
    }
    if first.drop(while: \.isWhitespace).hasPrefix("{") {
      guard let labels = try labels(ofConfiguration: path) else {
        throw malformed(path, "has no id2label, or no label for each index")
      }
      return labels
    }
    if first.contains("' => ") || first.contains("\" => ") {
      return try SpeechBrainLabels.read(path: path)
    }
    if let labels = try labels(ofTable: text, path) { return labels }
    return try unique(
      lines.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }, path)
  }

  /// The labels under `id2label` of a `config.json`; nil where there are none, or not for each index.
  ///
  /// - Throws: `Failure` when the file cannot be read or is no JSON object.
  public static func labels(ofConfiguration path: String) throws(Failure) -> [String]? {
    let file = try FileContents(path: path, atMost: longestFile)
    let object = file.withBytes { try? JSONSerialization.jsonObject(with: Data($0)) }
    guard let object = object as? [String: Any] else {
      throw malformed(path, "is no JSON object")
    }
    guard let table = object["id2label"] as? [String: String] else { return nil }
    let labels = (0..<table.count).compactMap { table["\($0)"] }
    return labels.count == table.count && !labels.isEmpty ? try unique(labels, path) : nil
  }

  /// The labels of a table with a header; nil for text that is none.
  private static func labels(ofTable text: String, _ path: String) throws(Failure) -> [String]? {
    guard let rows = try? CSV.rows(of: text.utf8), let header = rows.first?.fields, header.count > 1
    else { return nil }
    let names = ["display_name", "name", "label", "category"]
    guard let index = header.firstIndex(of: "index"),
      let name = names.lazy.compactMap({ header.firstIndex(of: $0) }).first
    else { return nil }
    var labels: [Int: String] = [:]
    for row in rows.dropFirst() {
      guard row.fields.count == header.count, let number = Int(row.fields[index]),
        labels.updateValue(row.fields[name], forKey: number) == nil
      else { throw malformed(path, "line \(row.line) is no row of an index and a label") }
    }
    var result: [String] = []
    for number in 0..<labels.count {
      guard let label = labels[number] else {
        throw malformed(path, "has no label for index \(number)")
      }
      result.append(label)
    }
    return try unique(result, path)
  }

  private static func unique(_ labels: [String], _ path: String) throws(Failure) -> [String] {
    var seen: Set<String> = []
    for label in labels where !seen.insert(label).inserted {
      throw malformed(path, "gives label \(quoted(label)) twice")
    }
    guard !labels.isEmpty else { throw malformed(path, "holds no labels") }
    return labels
  }

  private static func malformed(_ path: String, _ problem: String) -> Failure {
    Failure(
      .fileMalformed, path: path, problem: problem,
      remedy: "name a file with a label a line, or with the columns index and name")
  }
}
