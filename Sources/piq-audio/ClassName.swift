import PIQAudio

/// Finds classes by user input.
enum ClassName {
  /// The index of the class with the name, or the number, `text`.
  ///
  /// - Throws: `UsageError` that offers the nearest name.
  static func index(of text: String, in labels: [String]) throws -> Int {
    if let index = labels.firstIndex(of: text) { return index }
    if let index = Int(text) {
      guard labels.indices.contains(index) else {
        throw UsageError(
          "there is no class \(index); the model's classes are 0 to \(labels.count - 1)")
      }
      return index
    }
    let nearest = labels.min { distance(text, from: $0) < distance(text, from: $1) } ?? ""
    throw UsageError(
      "there is no class \(text.debugDescription); did you mean \(printable(nearest))? "
        + "piq-audio model info lists all")
  }

  /// The edit distance from `text` to a part of `label` ("dgo" and "cry" match "dog_bark" and
  /// "baby_cry"), and to the whole of it.
  private static func distance(_ text: String, from label: String) -> (part: Int, whole: Int) {
    let (text, label) = (Array(text.lowercased()), Array(label.lowercased()))
    let part = lastRow(text, label, from: Array(repeating: 0, count: label.count + 1))
    return (part.min() ?? 0, lastRow(text, label, from: Array(0...label.count)).last ?? 0)
  }

  /// The last row of the table of edit distances whose first is `row`.
  private static func lastRow(_ a: [Character], _ b: [Character], from row: [Int]) -> [Int] {
    var row = row
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, diagonal + 1, row[j] + 1)
      }
    }
    return row
  }
}
