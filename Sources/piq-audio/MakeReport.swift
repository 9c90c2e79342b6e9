import ArgumentParser
import Foundation
import PIQAudio
import PIQPipeline
import PIQReport

/// `piq-audio report`.
struct MakeReport: TerminalCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make one page of HTML of what interpret wrote, to look at and listen to.",
    discussion: """
      DIR is a folder that piq-audio interpret wrote to. The page has a table of its clips, their \
      spectrograms, and players for the original, the interpretation and the residual. It is one file, \
      and needs no network.

      Originals are read where the run found them: run it in the same folder.

      EXAMPLES
        piq-audio report explained
        piq-audio report -o night.html --title "Night recordings" explained
        piq-audio report --force explained
      """)

  @Argument(
    help: ArgumentHelp("The folder that interpret wrote to.", valueName: "dir"),
    completion: .directory)
  var folder: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The page; otherwise report.html in the folder.", valueName: "file"),
    completion: .file(extensions: ["html"]))
  var output: String?

  @Option(help: ArgumentHelp("What stands above the page.", valueName: "text"))
  var title: String?

  @Flag(help: "Replace the page if it is there already.")
  var force = false

  @OptionGroup var messages: MessageOptions

  /// The page size above which browsers become slow.
  private static let manyBytes = 200 << 20

  func validate() throws {
    try refuseEmpty(folder, "the folder's path")
    if output?.isEmpty == true { throw ValidationError("--output is empty; name a file") }
  }

  func run(_ terminal: Terminal) throws {
    let paths = try ClipResult.find(in: folder)
    let output = output ?? Folder.join(folder, "report.html")
    guard force || FileStatus(output) == nil else {
      throw Failure(
        .outputExists, path: output, problem: "exists already",
        remedy: "choose another --output, or add --force")
    }
    let loop = ClipLoop(terminal, total: paths.count, printsJSON: false)
    var clips: [ClipResult] = []
    for path in paths {
      do { clips.append(try ClipResult(path: path, in: folder)) } catch {
        try loop.fail(path: path, error)
      }
    }
    guard !clips.isEmpty else { return try loop.end() }
    try Folder.make(Folder.parent(of: output))
    try write(ReportPage(clips: clips, title: title ?? standardTitle), to: output, loop, terminal)
    try loop.end()
  }

  private var standardTitle: String {
    "Interpretations in \(Folder.ownName(of: folder))"
  }

  private func write(
    _ page: ReportPage, to output: String, _ loop: ClipLoop, _ terminal: Terminal
  ) throws {
    var withoutOriginal = 0
    let bytes = try page.write(to: output) { append in
      try loop.run(
        page.clips.map { ClipInput(path: $0.path, stem: $0.name) }, OrderedWork(page.clips.count)
      ) {
        try page.block($0)
      } report: { index, block in
        try append(block)
        for error in block.errors { try loop.fail(path: page.clips[index].path, error) }
        if block.lacksOriginal { withoutOriginal += 1 }
        terminal.note("\(printable(page.clips[index].path)): \(block.bytes.count) bytes")
      }
    }
    if withoutOriginal > 0 {
      terminal.warn(
        "\(printable(output)): \(withoutOriginal) of \(page.clips.count) originals are not where "
          + "interpret read them; run report in the folder that interpret was run in, or have "
          + "interpret write the output residual")
    }
    let megabytes = Double(bytes) / 1e6
    if bytes > Self.manyBytes {
      terminal.warn(
        "\(printable(output)): \(Int(megabytes)) MB are much for a browser; report on sub-folders, "
          + "each for itself")
    }
    let count = page.clips.count
    try terminal.say(
      "\(printable(output)): \(count) clip\(count == 1 ? "" : "s"), "
        + String(format: "%.1f MB", megabytes))
  }
}
