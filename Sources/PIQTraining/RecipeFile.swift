public import PIQAudio
import Yams

/// Recipes as YAML files.
public enum RecipeFile {
  private static let largest = 1 << 20

  /// Reads a recipe; settings missing from the file keep their values in `recipe`.
  ///
  /// - Throws: `Failure` when the file is no YAML, names a setting that does not exist, or gives one
  ///   a value of another type.
  public static func read<R: Recipe>(_ path: String, over recipe: R) throws(Failure) -> R {
    let file = try FileContents(
      path: path, atMost: largest, problem: "is too large for a recipe",
      remedy: "name a YAML file of settings")
    guard let text = file.withBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw Failure(
        .recipeMalformed, path: path, problem: "is not UTF-8 text", remedy: "correct it")
    }
    do throws(Problem) {
      guard let node = try compose(text), node != "" else { return recipe }
      return try overlay(node, over: recipe)
    } catch {
      throw Failure(.recipeMalformed, path: path, problem: error.text, remedy: "correct it")
    }
  }

  /// A recipe with one setting changed.
  ///
  /// - Parameter assignment: the setting's place and its value in YAML, such as
  ///   `optimization.patience=5` or `data.train_folds=[1, 2]`.
  /// - Throws: `Failure` when there is no such setting, or the value is of another type.
  public static func set<R: Recipe>(_ assignment: String, in recipe: R) throws(Failure) -> R {
    let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    do throws(Problem) {
      guard parts.count == 2 else {
        throw Problem(text: "\(printable(assignment)) is no setting=value")
      }
      let value = try compose(String(parts[1])) ?? Node("", Tag(.null))
      let node = parts[0].split(separator: ".", omittingEmptySubsequences: false).reversed()
        .reduce(value) { .mapping(.init([(Node(String($1)), $0)])) }
      return try overlay(node, over: recipe)
    } catch {
      throw Failure(.settingInvalid, problem: error.text, remedy: "correct it")
    }
  }

  /// An error in the text, with its message.
  private struct Problem: Error {
    let text: String
  }

  private static func compose(_ yaml: String) throws(Problem) -> Node? {
    do {
      return try Yams.compose(yaml: yaml)
    } catch {
      throw Problem(text: "is not YAML: \(firstLine("\(error)"))")
    }
  }

  /// `recipe` with the settings of `node`.
  private static func overlay<R: Recipe>(_ node: Node, over recipe: R) throws(Problem) -> R {
    do {
      let defaults = try Yams.compose(yaml: YAMLEncoder().encode(recipe)) ?? ""
      return try YAMLDecoder().decode(
        R.self, from: Yams.serialize(node: try overlay(node, on: defaults, below: [])))
    } catch let problem as Problem {
      throw problem
    } catch let error as DecodingError {
      throw Problem(text: firstLine(error.inWords ?? "is no recipe"))
    } catch {
      throw Problem(text: "is no recipe: \(firstLine("\(error)"))")
    }
  }

  /// The recipe as a file that `read` understands.
  public static func text(_ recipe: some Recipe) throws -> String {
    try YAMLEncoder().encode(recipe)
  }

  /// `node` with missing settings taken from `defaults`, which are complete.
  private static func overlay(
    _ node: Node, on defaults: Node, below path: [String]
  ) throws(Problem) -> Node {
    guard var merged = defaults.mapping else { return node }
    guard let mapping = node.mapping else {
      let name = path.isEmpty ? "the recipe" : path.joined(separator: ".")
      throw Problem(text: "\(name) is no list of settings")
    }
    for (key, value) in mapping {
      let name = key.string ?? ""
      guard let old = merged[key] else {
        throw Problem(
          text: "there is no setting \(printable((path + [name]).joined(separator: ".")))")
      }
      merged[key] = try overlay(value, on: old, below: path + [name])
    }
    return .mapping(merged)
  }
}

private func firstLine(_ text: String) -> String {
  String(text.prefix { !$0.isNewline })
}
