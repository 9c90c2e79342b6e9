import Foundation
import Testing

/// The manual page, and whether it agrees with the program.
@Suite struct ManualTests {
  private static let page = "\(Program.project)/man/piq-audio.1"

  @Test func mandocFindsNothing() throws {
    let outcome = try Workspace().start(
      "/bin/sh", ["-c", #"exec mandoc -T lint -W warning "$0""#, Self.page]
    ).wait()
    outcome.expectSuccess()
    #expect(outcome.output == "")
  }

  @Test func optionsAreThoseOfTheProgram() throws {
    let manual = try Self.options(in: Self.manual())
    var known: Set<String> = ["--generate-completion-script"]
    for command in HelpTests.commands {
      let offered = Self.options(in: try Program.help(command))
      #expect(offered.subtracting(manual) == [], "of \(command) are not in the manual")
      known.formUnion(offered)
    }
    for command in try Self.commands() { known.formUnion(command.options) }
    #expect(manual.subtracting(known) == [], "are in the manual, but not in the program")
  }

  /// With PIQ_RECORD_MANUAL in the environment, as contrib/make-manual sets it, the page is written.
  @Test func optionsAreDescribedAsInTheParser() throws {
    let dump = try Workspace().run(["--experimental-dump-help"])
    dump.expectSuccess()
    let options = try ManualOptions(dump: Data(dump.output.utf8))
    let page = try String(contentsOfFile: Self.page, encoding: .utf8)
    let made = options.page(from: page)
    #expect(options.missing(in: page) == [], "the page has no list for these options")
    if ProcessInfo.processInfo.environment["PIQ_RECORD_MANUAL"] != nil {
      try made.write(toFile: Self.page, atomically: true, encoding: .utf8)
    }
    let difference = made.split(separator: "\n").difference(from: page.split(separator: "\n"))
    #expect(made == page, "run contrib/make-manual: \(difference)")
  }

  @Test func everyCommandAndOptionOfTheParser() throws {
    let manual = try Self.manual()
    let options = Self.options(in: manual)
    let commands = try Self.commands()
    #expect(commands.map(\.name).contains("interpret"))
    for command in commands {
      #expect(manual.contains(command.name), "\(command.name) is not in the manual")
      #expect(command.options.subtracting(options) == [], "of \(command.name) are not there")
    }
  }

  /// The page as people read it: lines unbroken, without the overstrikes that make letters bold.
  private static func manual() throws -> String {
    let outcome = try Workspace().start(
      "/bin/sh", ["-c", #"exec mandoc -T ascii -O width=1000 "$0""#, page]
    ).wait()
    outcome.expectSuccess()
    return outcome.output.unicodeScalars.reduce(into: "") { text, scalar in
      if scalar == "\u{8}" {
        text.unicodeScalars.removeLast()
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
  }

  /// The long options that a text names.
  private static func options(in text: String) -> Set<String> {
    Set(
      text.matches(of: /(?:^|[^\-\w])(--[a-z][a-z\-]*[a-z])/.anchorsMatchLineEndings())
        .map { String($0.1) })
  }

  /// The commands as `--experimental-dump-help` tells them, and their long options.
  private static func commands() throws -> [(name: String, options: Set<String>)] {
    let dump = try Workspace().run(["--experimental-dump-help"])
    dump.expectSuccess()
    let json = try JSONSerialization.jsonObject(with: Data(dump.output.utf8)) as? [String: Any]
    var pending = [try #require(json?["command"] as? [String: Any])]
    var commands: [(name: String, options: Set<String>)] = []
    while let command = pending.popLast() {
      pending += command["subcommands"] as? [[String: Any]] ?? []
      let arguments = command["arguments"] as? [[String: Any]] ?? []
      let shown = arguments.filter { $0["shouldDisplay"] as? Bool != false }
      let names = shown.flatMap { $0["names"] as? [[String: Any]] ?? [] }
      let long = names.filter { $0["kind"] as? String == "long" }.compactMap {
        $0["name"] as? String
      }
      commands.append(
        (try #require(command["commandName"] as? String), Set(long.map { "--" + $0 })))
    }
    return commands
  }
}
