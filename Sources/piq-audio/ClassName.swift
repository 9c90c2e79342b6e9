/// Finds classes by what people type.
enum ClassName {
  /// The index of the class with the name, or the number, `text`.
  ///
  /// - Throws: `UsageError` that offers the nearest name.
  static func index(of text: String, in labels: [String]) throws -> Int {
    if let index = labels.firstIndex(of: text) { return index }
    if let index = Int(text) {
      guard labels.indices.contains(index) else {
        throw UsageError("there is no class \(index); the model's classes are 0 to \(labels.count - 1)")
      }
      return index
    }
    let nearest = labels.min { distance(text, $0) < distance(text, $1) } ?? ""
    throw UsageError(
      "there is no class \(text.debugDescription); did you mean \(nearest)? "
        + "piq-audio model info lists all")
  }

  /// The number of letters to change, add or remove to get from one word to the other.
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.lowercased()), Array(b.lowercased()))
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, diagonal + 1, row[j] + 1)
      }
    }
    return row[b.count]
  }
}
