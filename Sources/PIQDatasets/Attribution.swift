/// The columns of a table of clips that say whose works they are.
struct Attribution {
  private let title: Int?
  private let author: Int?
  private let licence: Int?
  private let source: Int?

  /// The columns of a table with this header.
  init(_ header: [String]) {
    func column(_ names: String...) -> Int? { header.firstIndex { names.contains($0) } }
    (title, author) = (column("title"), column("author"))
    (licence, source) = (column("licence", "license"), column("source", "src"))
  }

  /// A work as one line; nil without a licence, or with one that asks for no mention (CC0).
  func text(_ row: [String]) -> String? {
    guard let licence = field(licence, row), !Self.isPublicDomain(licence) else { return nil }
    let work = [field(title, row), field(author, row).map { "by \($0)" }]
    return ([work.compactMap(\.self).joined(separator: " "), licence] + [field(source, row)])
      .compactMap(\.self).filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// Freesound gives the address of the dedication, other sets its name.
  private static func isPublicDomain(_ licence: String) -> Bool {
    let name = licence.lowercased().filter { $0.isLetter || $0.isNumber }
    return name.hasPrefix("cc0") || name.contains("publicdomain")
  }

  private func field(_ column: Int?, _ row: [String]) -> String? {
    guard let text = column.map({ row[$0].trimmingBlanks }), !text.isEmpty else { return nil }
    return text
  }
}
