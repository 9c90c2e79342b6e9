public import PIQPlatform

/// Which labels of a model stand for each class of a data set: a CSV file with a header and the columns
/// `category` and `label`, a row for each pair.
public struct ClassMap: Sendable, Equatable {
  /// The file.
  public let path: String
  /// The classes of the data, in the order of the file.
  public let categories: [String]
  /// The labels of each, in the order of the file.
  public let labels: [[String]]

  /// Reads the file at `path`.
  ///
  /// - Throws: `Failure`.
  public init(path: String) throws(Failure) {
    let rows = try Dataset.rows(of: path)
    func column(_ name: String) throws(Failure) -> Int {
      guard let header = rows.first, let index = header.fields.firstIndex(of: name) else {
        throw Failure(
          .dataSetMalformed, path: path, problem: "has no column \(name)",
          remedy: "its first line has to be category,label")
      }
      return index
    }
    let (category, label) = (try column("category"), try column("label"))
    var (categories, labels) = ([String](), [[String]]())
    for row in rows.dropFirst() {
      guard row.fields.count == rows[0].fields.count, !row.fields[category].isEmpty,
        !row.fields[label].isEmpty
      else {
        throw Failure(
          .dataSetMalformed, path: path, problem: "line \(row.line) is no category and label",
          remedy: "correct the line; a field with a comma needs quotes")
      }
      if let index = categories.firstIndex(of: row.fields[category]) {
        labels[index].append(row.fields[label])
      } else {
        categories.append(row.fields[category])
        labels.append([row.fields[label]])
      }
    }
    guard !categories.isEmpty else {
      throw Failure(
        .dataSetMalformed, path: path, problem: "has no rows",
        remedy: "name a category and a label in each")
    }
    (self.path, self.categories, self.labels) = (path, categories, labels)
  }

  /// The indices of the labels of each category among those of a model.
  ///
  /// - Throws: `Failure` naming the first label that is missing.
  public func indices(among labels: [String]) throws(Failure) -> [[Int]] {
    let indices = Dictionary(
      labels.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    var result: [[Int]] = []
    for own in self.labels {
      var found: [Int] = []
      for label in own {
        guard let index = indices[label] else {
          throw Failure(
            .unknownClass, path: path,
            problem: "has the label \(label.debugDescription), which the model does not know",
            remedy: "correct it")
        }
        found.append(index)
      }
      result.append(found)
    }
    return result
  }
}
