import ArgumentParser
import PIQAudio
import PIQPipeline
import PIQRuns

/// Which channels of sound files are taken.
enum ChannelChoice: ExpressibleByArgument, Equatable {
  /// The mean of all.
  case mean
  /// All, one by one.
  case each
  /// One, from 1.
  case number(Int)

  /// The most channels that a sound file can have.
  private static let most = 1024

  init?(argument: String) {
    switch argument {
    case "mean": self = .mean
    case "each": self = .each
    default:
      guard let number = Int(argument), (1...Self.most).contains(number) else { return nil }
      self = .number(number)
    }
  }

  /// The number of one channel; nil for others.
  var number: Int? {
    if case .number(let number) = self { number } else { nil }
  }

  var defaultValueDescription: String { "mean" }
}

/// The channels of the inputs of a run.
struct ChannelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The channel to take, from 1; mean, the mean of all; or each, all of them one by one, whose \
      outputs have .ch1, .ch2 and so on in their names.
      """, valueName: "n|each|mean"))
  var channel = ChannelChoice.mean

  /// The inputs with the channel to take.
  ///
  /// - Throws: `UsageError` for each channel of standard input or another pipe.
  func select(of inputs: [ClipInput], _ terminal: Terminal) throws -> [ClipInput] {
    switch channel {
    case .mean: return inputs
    case .number(let number): return inputs.map { $0.taking(channel: number) }
    case .each:
      if let pipe = inputs.first(where: \.isReadOnce) {
        throw UsageError(
          "\(printable(pipe.fileName)) has no --channel each: it is read once; name a channel by "
            + "its number")
      }
      defer { terminal.clearProgress() }
      return ClipInput.eachChannel(of: inputs) { opened, total, next in
        terminal.progress("[\(opened + 1)/\(total)] opening \(printable(next))")
      }
    }
  }
}

/// The channel of the clips of a data set.
struct DataChannelOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The channel of the sound files to take, from 1, or mean, the mean of all.",
      valueName: "n|mean"))
  var channel: ChannelChoice?

  func validate() throws {
    if channel == .each {
      throw ValidationError("--channel each is of no use here: a clip has one class; name a number")
    }
  }
}
