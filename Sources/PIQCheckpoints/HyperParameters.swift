import PIQPlatform
import Yams

/// A HyperPyYAML file as a tree whose tags (`!ref`, `!new:` …) are kept as text, never executed.
struct HyperParameters: Sendable {
  indirect enum Node: Sendable {
    /// `isPlain`: written without quotes, so that it may be a number.
    case scalar(String, isPlain: Bool, tag: String?)
    case list([Node], tag: String?)
    case mapping([String: Node], tag: String?)

    var tag: String? {
      switch self {
      case .scalar(_, _, let tag), .list(_, let tag), .mapping(_, let tag): tag
      }
    }
  }

  let path: String
  let root: Node

  private static let longestFile = 256 << 10
  private static let mostAliases = 20
  private static let mostNodes = 50_000
  private static let deepest = 64

  /// Reads the file at `path`.
  ///
  /// - Throws: `Failure` when it cannot be read, is not YAML, or expands to far more than any
  ///   hyperparameters need.
  init(path: String) throws(Failure) {
    self.path = path
    let text = try textOfFile(path, longest: Self.longestFile)
    // libyaml bounds the depth of nesting. Aliases of aliases grow without bound, and Yams already
    // expands them when it looks for duplicate keys: limit their number.
    guard Self.aliasCount(in: text) <= Self.mostAliases else {
      throw Self.invalid(path, "has more than \(Self.mostAliases) YAML aliases")
    }
    let document: Yams.Node?
    do {
      // Yams hands libyaml a pointer to the string's own bytes, which only strings of more than 15
      // bytes have; and its default encoding depends on the environment.
      let padded = text + String(repeating: "\n", count: 16)
      document = try compose(yaml: padded, .basic, .default, .utf8)
    } catch {
      throw Self.invalid(path, "is not valid YAML\(Self.reason(for: error))")
    }
    guard let document, case .mapping = document else {
      throw Self.invalid(path, "holds no YAML mapping")
    }
    var budget = Self.mostNodes
    guard let root = Self.convert(document, depth: 0, &budget) else {
      throw Self.invalid(path, "is nested or repeated beyond what hyperparameters need")
    }
    self.root = root
  }

  /// An upper bound of the aliases: other text may be counted as one.
  private static func aliasCount(in text: String) -> Int {
    zip(text.utf8, text.utf8.dropFirst()).count { star, next in
      star == UInt8(ascii: "*")
        && (UnicodeScalar(next).properties.isAlphabetic
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
          || next == UInt8(ascii: "_") || next == UInt8(ascii: "-") || next >= 0x80)
    }
  }

  private static func convert(_ node: Yams.Node, depth: Int, _ budget: inout Int) -> Node? {
    budget -= 1
    guard budget >= 0, depth <= deepest else { return nil }
    let name = node.tag.description
    let tag = name.hasPrefix("!") ? name : nil
    switch node {
    case .scalar(let scalar):
      return .scalar(scalar.string, isPlain: scalar.style == .plain, tag: tag)
    case .sequence(let sequence):
      var items: [Node] = []
      for item in sequence {
        guard let item = convert(item, depth: depth + 1, &budget) else { return nil }
        items.append(item)
      }
      return .list(items, tag: tag)
    case .mapping(let mapping):
      var items: [String: Node] = [:]
      for (key, value) in mapping {
        guard let value = convert(value, depth: depth + 1, &budget) else { return nil }
        if case .scalar(let key) = key { items[key.string] = value }
      }
      return .mapping(items, tag: tag)
    case .alias: return nil
    }
  }

  private static func reason(for error: any Error) -> String {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ", line \(mark.line): \(problem)"
    case .duplicatedKeysInMapping(let keys, _): ": key \(quoted(keys.first ?? "")) is given twice"
    default: ""
    }
  }

  static func invalid(_ path: String, _ problem: String) -> Failure {
    Failure(
      .fileMalformed, path: path, problem: problem,
      remedy: "use the hyperparams.yaml that came with the model")
  }
}

/// The text of the UTF-8 file at `path`, of no more than `longest` bytes, without a byte-order mark.
func textOfFile(_ path: String, longest: Int) throws(Failure) -> String {
  let file = try FileContents(
    path: path, atMost: longest, problem: "has far more than such a file needs",
    remedy: "use the file that came with the model")
  let text = file.withBytes {
    String(validating: ByteOrderMark.skipped(in: $0), as: UTF8.self)
  }
  guard let text else {
    throw Failure(
      .fileMalformed, path: path, problem: "is not UTF-8 text",
      remedy: "use the file that came with the model")
  }
  return text
}
