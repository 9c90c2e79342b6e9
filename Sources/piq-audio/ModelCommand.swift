import ArgumentParser
import PIQAudio

/// `piq-audio model`.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Import and inspect models.",
    subcommands: [Import.self, Info.self])
}

extension ModelCommand {
  /// `piq-audio model info`.
  struct Info: TerminalCommand {
    static let configuration = CommandConfiguration(
      commandName: "info", abstract: "Show a model's architecture, classes, origin and SHA-256.",
      discussion: """
        Of an ONNX or TFLite file, and of a model that was imported from one: its inputs and \
        outputs, and what an ONNX file computes on the way, with their shapes; --json lists all.

        EXAMPLES
          piq-audio model info
          piq-audio model info --json my-model
          piq-audio model info yamnet.onnx
        """)

    @Argument(
      help: ArgumentHelp(
        """
        The model folder, or an ONNX or TFLite file. Otherwise $PIQ_AUDIO_MODEL, or the bundled \
        model.
        """, valueName: "path"),
      completion: .file())
    var model: String?

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var messages: MessageOptions

    func validate() throws { try refuseEmpty(model, "the model's path") }

    func run(_ terminal: Terminal) throws {
      let path = try ModelLocation.find(model)
      if NetworkDescription.isFile(path) {
        let network = try NetworkDescription(path: path)
        return try terminal.print(json ? JSON.indented(network) : network.text)
      }
      let model = try ModelDescription(path: path)
      let summary = ModelSummary(model)
      try terminal.print(json ? JSON.indented(summary) : summary.text)
    }
  }
}
