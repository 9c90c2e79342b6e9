import Synchronization

/// What one case compared, and how far off it was.
struct ParityReport {
  let kind: String
  /// Tensors compared.
  var compared = 0
  /// Tensors that single precision cannot reproduce.
  var bounded = 0
  /// The largest errors, as parts of the largest element, of the tensors that are not exact.
  var worst: [String: Double] = [:]

  init(kind: String) { self.kind = kind }

  /// Counts a tensor of real numbers.
  mutating func add(_ tensor: String, error: Double) {
    compared += 1
    let group = String(tensor.prefix { $0 != "." && !$0.isNumber })
    worst[group] = max(worst[group] ?? 0, error)
  }

  /// Counts a tensor of indices or truth values.
  mutating func addExact(isEqual: Bool) {
    compared += 1
    worst["exact"] = max(worst["exact"] ?? 0, isEqual ? 0 : .infinity)
  }
}

/// The table that `make parity` shows when the last case is done.
enum ParitySummary {
  private static let reports = Mutex<[ParityReport]>([])

  static func add(_ report: ParityReport) {
    let all = reports.withLock { reports in
      reports.append(report)
      return reports
    }
    if all.count == ReferenceCase.names.count { print(table(all)) }
  }

  private static func table(_ reports: [ParityReport]) -> String {
    let head = row("kind", "cases", "tensors", "bounded", "outputs", "gradients", "after", "exact")
    let kinds = Dictionary(grouping: reports, by: \.kind).sorted { $0.key < $1.key }
    let rows = kinds.map { row($0.key, $0.value) } + [row("all", reports)]
    return ([head] + rows).joined(separator: "\n")
  }

  private static func row(_ kind: String, _ reports: [ParityReport]) -> String {
    func worst(_ group: String) -> String {
      let errors = reports.compactMap { $0.worst[group] }
      guard let largest = errors.max() else { return "-" }
      return group == "exact" ? (largest == 0 ? "equal" : "DIFFER") : scientific(largest)
    }
    func total(_ count: KeyPath<ParityReport, Int>) -> String {
      "\(reports.reduce(0) { $0 + $1[keyPath: count] })"
    }
    return row(
      kind, "\(reports.count)", total(\.compared), total(\.bounded), worst("output"),
      worst("grad"), worst("after"), worst("exact"))
  }

  private static func row(_ kind: String, _ cells: String...) -> String {
    func pad(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count))
    }
    return kind + pad(kind, 30) + cells.map { pad($0, 11) + $0 }.joined()
  }

  /// Two digits, such as 3.5e-07.
  private static func scientific(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return value == 0 ? "0" : "\(value)" }
    var (mantissa, exponent) = (value, 0)
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    return "\((mantissa * 10).rounded() / 10)e\(exponent)"
  }
}
