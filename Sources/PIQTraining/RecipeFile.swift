import PIQPlatform
import Yams

/// Recipes as YAML files.
public enum RecipeFile {
  private static let largest = 1 << 20

  /// Reads a recipe; what the file does not mention stays as it is in `recipe`.
  ///
  /// - Throws: `Failure` when the file is no YAML, names a setting that does not exist, or
  ///   gives one a value of another type; `Failure`.
  public static func read<R: Recipe>(_ path: String, over recipe: R) throws -> R {
    func refusal(_ problem: String) -> Failure {
      Failure(
        .recipeMalformed, path: path, problem: problem,
        remedy: "correct it")
    }
    let file = try FileContents(
      path: path, atMost: largest, problem: "is too large for a recipe",
      remedy: "name a YAML file of settings")
    guard let text = file.withBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw refusal("is not UTF-8 text")
    }
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch {
      throw refusal("is not YAML: \(firstLine("\(error)"))")
    }
    guard let node, node != "" else { return recipe }
    do {
      let defaults = try Yams.compose(yaml: YAMLEncoder().encode(recipe)) ?? ""
      return try YAMLDecoder().decode(
        R.self, from: Yams.serialize(node: try overlay(node, on: defaults, below: [])))
    } catch let error as UnknownSetting {
      throw refusal(error.problem)
    } catch let error as DecodingError {
      throw refusal(error.inWords)
    }
  }

  /// The recipe as a file that `read` understands.
  public static func text(_ recipe: some Recipe) throws -> String {
    try YAMLEncoder().encode(recipe)
  }

  private struct UnknownSetting: Error {
    let problem: String
  }

  /// `node` with what it does not say taken from `defaults`, which say all there is.
  private static func overlay(
    _ node: Node, on defaults: Node, below path: [String]
  ) throws(UnknownSetting) -> Node {
    guard var merged = defaults.mapping else { return node }
    guard let mapping = node.mapping else {
      let name = path.isEmpty ? "the recipe" : path.joined(separator: ".")
      throw UnknownSetting(problem: "\(name) is no list of settings")
    }
    for (key, value) in mapping {
      let name = key.string ?? ""
      guard let old = merged[key] else {
        throw UnknownSetting(
          problem: "there is no setting \(printable((path + [name]).joined(separator: ".")))")
      }
      merged[key] = try overlay(value, on: old, below: path + [name])
    }
    return .mapping(merged)
  }
}

private func firstLine(_ text: String) -> String {
  String(text.prefix { !$0.isNewline })
}

extension DecodingError {
  /// The problem as one line that names the setting.
  fileprivate var inWords: String {
    func name(_ context: Context) -> String {
      context.codingPath.map(\.stringValue).joined(separator: ".")
    }
    return switch self {
    case .typeMismatch(let type, let context): "\(name(context)) is not of type \(type)"
    case .valueNotFound(_, let context): "\(name(context)) has no value"
    case .keyNotFound(let key, let context): "\(name(context)) lacks \(key.stringValue)"
    case .dataCorrupted(let context):
      "\(name(context)): \(firstLine(context.debugDescription))"
    @unknown default: "is no recipe"
    }
  }
}
