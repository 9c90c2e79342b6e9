import Foundation
import Testing

/// Whether the documents are true: their examples run, their links lead somewhere.
@Suite struct DocumentationTests {
  private static let documents = ["README.md"] + names(in: "docs").map { "docs/" + $0 }

  /// The first lines of the examples that nothing runs: they need a cluster, a long training, or
  /// install things.
  private static let sketches: Set = [
    "make demo", "sudo make install PREFIX=/usr/local",
    "pip install openvino    # in an active virtual environment it is found by itself",
    "piq-audio model import yamnet.onnx -o yamnet --labels yamnet_class_map.csv --sample-rate 16000",
    "piq-audio train classifier recordings/ -o birds-classifier",
    "piq-audio train classifier esc50.csv --train-folds 1,2,3 --valid-folds 4 --test-folds 5 "
      + "-o birds-classifier",
    "piq-audio train classifier esc50.csv --cross-validate -o birds-classifier",
    "piq-audio train classifier esc50.csv --cross-validate --calibrate-known -o birds-classifier",
    "piq-audio train classifier esc50.csv --teacher yamnet --cross-validate -o birds-classifier",
    "jq -r 'select(.label) | [.input, .label, .probability] | @tsv' lines.jsonl",
    #"parallel -S node1,node2 --workdir . -j1 --joblog jobs.log --resume-failed \"#,
    "sbatch --array=1-16 contrib/slurm/piq-audio.sbatch -o explained recordings",
    "snakemake -s contrib/snakemake/Snakefile --cores 16 --config inputs=recordings "
      + "output=explained",
  ]

  @Test func theReadmeIsShort() throws {
    #expect(try Self.text("README.md").utf8.count <= 12 * 1024)
  }

  @Test(arguments: documents) func examplesRun(_ document: String) throws {
    let examples = CodeBlock.all(in: try Self.text(document))
    let space = try Workspace()
    try makeInputs(space)
    // The README shows what the bundled model says; elsewhere a small one is enough.
    let isReadme = document == "README.md"
    let model = isReadme ? ["PIQ_AUDIO_MODEL": Program.fixture("models/esc10")] : [:]
    for (number, example) in examples.enumerated() where example.language == "sh" {
      let outcome = try space.start(
        "/bin/sh", ["-e", "-c", example.text],
        environment: model.merging(["PATH": searchPath]) { $1 }
      ).wait()
      #expect(outcome.status == 0, "\(document):\(example.line): \(outcome.errors)")
      guard isReadme, number + 1 < examples.count, examples[number + 1].language == "text" else {
        continue
      }
      #expect(outcome.output == examples[number + 1].text, "\(document):\(example.line)")
    }
  }

  @Test(arguments: documents) func onlyKnownExamplesAreSketches(_ document: String) throws {
    for example in CodeBlock.all(in: try Self.text(document))
    where example.language.hasPrefix("sh ") {
      let first = example.text.prefix { $0 != "\n" }
      #expect(Self.sketches.contains(String(first)), "\(document):\(example.line)")
    }
  }

  @Test func linksLeadSomewhere() throws {
    for document in Self.documents + ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
      let folder = URL(filePath: "\(Program.project)/\(document)").deletingLastPathComponent()
      for match in try Self.text(document).matches(of: /\]\(([^)\s]+)\)/) {
        let link = String(match.1)
        guard !link.contains("://") else { continue }
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let target =
          parts[0].isEmpty ? "\(Program.project)/\(document)" : folder.path + "/" + parts[0]
        #expect(FileManager.default.fileExists(atPath: target), "\(document): \(link)")
        guard parts.count == 2, target.hasSuffix(".md") else { continue }
        let headings = Self.anchors(in: try String(contentsOfFile: target, encoding: .utf8))
        #expect(headings.contains(String(parts[1])), "\(document): \(link)")
      }
    }
  }

  /// The files that examples name: `clip.wav`, the folders `recordings` and `labelled` (a sub-folder
  /// a class), the longer `night.flac`, and the project's fixtures.
  private func makeInputs(_ space: Workspace) throws {
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: space.file("Fixtures"), withDestinationPath: Program.fixture(""))
    let folders = ["recordings/night", "labelled/dog_bark", "labelled/rooster"]
    for folder in folders {
      try manager.createDirectory(
        atPath: space.file(folder), withIntermediateDirectories: true)
    }
    let copies = [
      ("clock_tick.wav", "clip.wav"), ("dog_bark.flac", "recordings/dog_bark.flac"),
      ("dog_bark.flac", "night.flac"), ("rooster.ogg", "recordings/night/rooster.ogg"),
    ]
    for (clip, copy) in copies {
      try manager.copyItem(atPath: Program.fixture("clips/\(clip)"), toPath: space.file(copy))
    }
    for number in 0..<8 {
      let samples = (0..<9600).map { 0.5 * sin(Float($0) * Float(number + 1) * 0.04) }
      try space.write("\(folders[1 + number % 2])/\(number).wav", WAV.floats(samples).bytes)
    }
  }

  private var searchPath: String {
    let folder = (Program.path as NSString).deletingLastPathComponent
    return "\(folder):\(Program.environment["PATH"] ?? "")"
  }

  private static func text(_ document: String) throws -> String {
    try String(contentsOfFile: "\(Program.project)/\(document)", encoding: .utf8)
  }

  /// The documents in a folder of the project.
  private static func names(in folder: String) -> [String] {
    let path = "\(Program.project)/\(folder)"
    let all = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return all.filter { $0.hasSuffix(".md") }.sorted()
  }

  /// The fragments that lead to a document's headings, as GitHub makes them.
  private static func anchors(in text: String) -> Set<String> {
    Set(
      text.matches(of: /^#+ (.+)$/.anchorsMatchLineEndings()).map { match in
        String(
          match.1.lowercased().replacing(" ", with: "-")
            .filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
      })
  }
}

/// A fenced block of a Markdown text.
private struct CodeBlock {
  /// All that follows the opening fence, such as `sh` or `sh sketch`.
  let language: String
  /// The number of the line after that fence.
  let line: Int
  /// The lines between the fences, each with its newline.
  var text = ""

  static func all(in markdown: String) -> [CodeBlock] {
    var (blocks, open): ([CodeBlock], CodeBlock?) = ([], nil)
    for (index, line) in markdown.split(separator: "\n", omittingEmptySubsequences: false)
      .enumerated()
    {
      guard line.hasPrefix("```") else {
        open?.text += line + "\n"
        continue
      }
      if let block = open {
        blocks.append(block)
        open = nil
      } else {
        open = CodeBlock(language: String(line.dropFirst(3)), line: index + 2)
      }
    }
    return blocks
  }
}
