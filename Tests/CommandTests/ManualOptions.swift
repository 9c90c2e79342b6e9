import Foundation

/// The lists of options in the manual page, made of what the parser tells of itself.
///
/// A comment before a list says whose options it holds:
///
///     .\" Options: classify                       those of one command
///     .\" Options: interpret, classify            those that these have in common
///     .\" Options: *                              those that all commands have in common
///     .\" Options: interpret (Long recordings)    those of one section of the help
///
/// An option is in the list of the most commands. Lines of an item after `.\" More` are the page's
/// own, and stay.
struct ManualOptions {
  /// The commands that do something, by name.
  private let commands: [String: [Option]]

  init(dump: Data) throws {
    var commands: [String: [Option]] = [:]
    func add(_ command: Dump.Command, _ names: [String]) {
      let subcommands = command.subcommands ?? []
      for subcommand in subcommands { add(subcommand, names + [subcommand.commandName]) }
      guard subcommands.isEmpty, names != ["help"] else { return }
      commands[names.joined(separator: " ")] = Option.all(of: command)
    }
    add(try JSONDecoder().decode(Dump.self, from: dump).command, [])
    self.commands = commands
  }

  /// The page with its lists made anew.
  func page(from old: String) -> String {
    let lines = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let lists = lines.compactMap { List($0, allCommands: commands.keys) }
    var (page, rest) = ([String](), lines[...])
    while let line = rest.popFirst() {
      page.append(line)
      guard let list = List(line, allCommands: commands.keys), let start = rest.popFirst() else {
        continue
      }
      let items = rest.prefix { $0 != ".El" }
      rest = rest.dropFirst(items.count)
      let own = Self.ownLines(of: items)
      page.append(start)
      for option in options(of: list, among: lists) {
        page += option.item + (own[option.name].map { [Self.more] + $0 } ?? [])
      }
    }
    return page.joined(separator: "\n")
  }

  /// The options of commands that no list of the page holds, such as `classify --top`.
  func missing(in page: String) -> [String] {
    let lists = page.split(separator: "\n").compactMap {
      List(String($0), allCommands: commands.keys)
    }
    return commands.flatMap { command, all in
      let held = lists.filter { $0.commands.contains(command) }
        .flatMap { options(of: $0, among: lists) }
      return all.filter { !held.contains($0) }.map { "\(command) --\($0.name)" }
    }.sorted()
  }

  private static let more = #".\" More"#

  private func options(of list: List, among lists: [List]) -> [Option] {
    let common = { (list: List) in
      list.commands.map { Set(commands[$0] ?? []) }.reduce(nil as Set<Option>?) {
        $0?.intersection($1) ?? $1
      } ?? []
    }
    var options = common(list)
    for other in lists where other.commands.isStrictSuperset(of: list.commands) {
      options.subtract(common(other))
    }
    let sections = Set(lists.filter { $0.commands == list.commands }.compactMap(\.section))
    return options.filter { option in
      list.section.map { $0 == option.section } ?? !sections.contains(option.section ?? "")
    }.sorted { $0.name < $1.name }
  }

  /// The lines after `.\" More` of each item, by the option's name.
  private static func ownLines(of items: some Sequence<String>) -> [String: [String]] {
    var (own, name, isOwn): ([String: [String]], String, Bool) = ([:], "", false)
    for line in items {
      if line.hasPrefix(".It "), let match = line.firstMatch(of: /\ -([a-z][a-z\-]*)/) {
        (name, isOwn) = (String(match.1), false)
      } else if line == more {
        isOwn = true
      } else if isOwn {
        own[name, default: []].append(line)
      }
    }
    return own
  }

  /// Whose options a list of the page holds.
  private struct List {
    let commands: Set<String>
    /// The section of the help, if the list holds that alone.
    let section: String?

    init?(_ line: String, allCommands: some Collection<String>) {
      guard let match = line.wholeMatch(of: /\.\\" Options: ([^(]+?)(?: \((.+)\))?/) else {
        return nil
      }
      let names = match.1.split(separator: ", ").map(String.init)
      commands = Set(names == ["*"] ? Array(allCommands) : names)
      section = match.2.map(String.init)
    }
  }
}

/// An option or a flag of a command.
private struct Option: Hashable {
  /// The long name, without dashes.
  let name: String
  /// All names in mdoc, such as `Fl o , -output-dir`.
  let names: String
  /// The name of its value; nil for a flag.
  let valueName: String?
  let help: String
  let values: [String]
  let standard: String?
  let section: String?

  static func all(of command: Dump.Command) -> [Option] {
    let shown = (command.arguments ?? []).filter { $0.shouldDisplay && $0.kind != "positional" }
    // A flag and its negation have one help text.
    return shown.reduce(into: []) { options, argument in
      let option = Option(argument)
      if let last = options.last, "no-" + last.name == option.name {
        options[options.count - 1] = last.negated
      } else {
        options.append(option)
      }
    }
  }

  private init(_ argument: Dump.Argument) {
    let names = (argument.names ?? []).sorted { $0.kind == "short" && $1.kind != "short" }
    self.init(
      name: names.last?.name ?? "",
      names: names.map { "Fl " + ($0.kind == "short" ? "" : "-") + $0.name }
        .joined(separator: " , ").replacing(" , Fl -", with: " , -"),
      valueName: argument.kind == "option" ? argument.valueName : nil,
      help: argument.abstract ?? "", values: argument.allValues ?? [],
      standard: argument.defaultValue, section: argument.sectionTitle)
  }

  private init(
    name: String, names: String, valueName: String?, help: String, values: [String],
    standard: String?, section: String?
  ) {
    (self.name, self.names, self.valueName, self.help) = (name, names, valueName, help)
    (self.values, self.standard, self.section) = (values, standard, section)
  }

  private var negated: Option {
    Option(
      name: name, names: "\(names) , -no-\(name)", valueName: valueName, help: help,
      values: values, standard: standard, section: section)
  }

  /// The option in mdoc.
  var item: [String] {
    var lines = [".It \(names)" + (valueName.map { " Ar \($0)" } ?? "")]
    lines += help.replacing(/\. +(?=[A-Z$])/, with: ".\n").split(separator: "\n")
      .flatMap { Self.wrapped($0) }
    if !values.isEmpty { lines += ["Values:", ".Cm \(values.joined(separator: " , ")) ."] }
    if let standard { lines += ["Default:", ".Cm \(standard) ."] }
    return lines
  }

  /// A sentence on lines of at most 100 columns, with what mdoc would take for itself escaped.
  private static func wrapped(_ sentence: some StringProtocol) -> [String] {
    var lines: [String] = []
    for word in sentence.split(whereSeparator: \.isWhitespace) {
      let dashes = word.prefix { $0 == "-" }.count
      let escaped =
        String(repeating: "\\-", count: dashes)
        + String(word.dropFirst(dashes)).replacing("\\", with: "\\e")
      if let last = lines.last, last.count + 1 + escaped.count <= 100 {
        lines[lines.count - 1] += " " + escaped
      } else {
        lines.append((escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" : "") + escaped)
      }
    }
    return lines
  }
}

/// What `--experimental-dump-help` prints.
private struct Dump: Decodable {
  let command: Command

  struct Command: Decodable {
    let commandName: String
    let arguments: [Argument]?
    let subcommands: [Command]?
  }

  struct Argument: Decodable {
    let kind: String
    let names: [Name]?
    let valueName: String?
    let abstract: String?
    let defaultValue: String?
    let allValues: [String]?
    let sectionTitle: String?
    let shouldDisplay: Bool
  }

  struct Name: Decodable {
    let kind: String
    let name: String
  }
}
