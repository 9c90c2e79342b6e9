import Foundation
import Mustache
import PIQAudio
import PIQPipeline

/// A page of HTML about the clips of a run, self-contained: it needs neither other files nor a
/// network.
///
///     let page = ReportPage(clips: clips, title: "Night recordings")
///     try page.write(to: "report.html") { append in
///       for index in clips.indices { try append(page.block(index)) }
///     }
public struct ReportPage: Sendable {
  /// The clips of the page, in its order.
  public let clips: [ClipResult]
  /// The heading.
  public let title: String

  /// A page about `clips`.
  public init(clips: [ClipResult], title: String) {
    self.clips = clips
    self.title = title
  }

  /// Reads and encodes clip number `index`. Several threads may call it for different clips.
  ///
  /// - Throws: `SoundFileError` for a sound that cannot be encoded.
  public func block(_ index: Int) throws -> ClipBlock { try ClipBlock(clips[index], index: index) }

  /// Writes the page to `path`, where it appears atomically. The same clips and files give the same
  /// bytes.
  ///
  /// - Parameter blocks: gives `append` the blocks of the clips, in any order and one at a time.
  /// - Returns: the page's size in bytes.
  /// - Throws: what `blocks` throws, `Failure`.
  @discardableResult
  public func write(
    to path: String, blocks: (_ append: @escaping (ClipBlock) throws -> Void) throws -> Void
  ) throws -> Int {
    let (head, tail) = try frame(for: path)
    var count = head.count + tail.count
    try AtomicFile.write(to: path) { append in
      try head.withUnsafeBytes { try append($0) }
      try blocks { block in
        count += block.bytes.count
        try block.bytes.withUnsafeBytes { try append($0) }
      }
      try tail.withUnsafeBytes { try append($0) }
    }
    return count
  }

  /// The page before the blocks of the clips, and after them.
  private func frame(for path: String) throws -> (head: [UInt8], tail: [UInt8]) {
    let script = PageFiles.script
    guard let hash = Array(script.utf8).withUnsafeBytes({ FileHash.digest(of: $0) }) else {
      throw Failure(
        .other, path: path, problem: "the SHA-256 of the page's script could not be computed",
        remedy: "check the installation of OpenSSL's libcrypto")
    }
    MustacheContentTypes.register(PageText(), named: "PAGE")
    let template = try MustacheTemplate(string: PageFiles.page)
    let library = MustacheLibrary(templates: ["row": try MustacheTemplate(string: PageFiles.row)])
    let head = template.render(
      content(scriptHash: Data(hash).base64EncodedString()), library: library)
    return (Array(head.utf8), Array("<script>\(script)</script>\n</body>\n</html>\n".utf8))
  }

  private func content(scriptHash: String) -> PageContent {
    let labels = Dictionary(grouping: clips, by: \.report.label)
    let models = Set(clips.map { "\($0.report.model.name) \($0.report.model.sha256.prefix(8))" })
    return PageContent(
      title: printable(title), style: PageFiles.style, scriptHash: scriptHash,
      clipCount: clips.count == 1 ? "1 clip" : "\(clips.count) clips",
      models: models.sorted().map(printable).joined(separator: ", "),
      classes: labels.sorted { $0.key < $1.key }.map {
        .init(className: printable($0.key), classCount: $0.value.count)
      },
      rows: clips.enumerated().map { .init(index: $0, clip: $1) })
  }
}

/// The values of the template's tags.
private struct PageContent {
  let title: String
  let style: String
  let scriptHash: String
  let clipCount: String
  let models: String
  let classes: [Class]
  let rows: [Row]

  struct Class {
    let className: String
    let classCount: Int
  }

  struct Row {
    let index: Int
    let name: String
    let input: String
    let label: String
    let probability: Float
    let percent: String
    let duration: Double
    let seconds: String

    init(index: Int, clip: ClipResult) {
      self.index = index
      name = printable(clip.name)
      input = printable(clip.report.input)
      label = printable(clip.report.label)
      probability = clip.report.probability
      percent = String(format: "%.1f", 100 * probability)
      duration = clip.report.duration
      seconds = String(format: "%.2f", duration)
    }
  }
}
