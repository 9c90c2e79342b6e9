import ArgumentParser
import PIQAudio

/// How explanations are made.
struct MethodOptions: ParsableArguments {
  @Option(
    help: """
      What makes the masks: the model's own interpreter, or another method on the same classifier.
      """)
  var method = ExplanationMethod.interpreter

  @Option(
    help: ArgumentHelp(
      "How many noisy copies smoothgrad takes, and steps integrated-gradients.", valueName: "n"))
  var steps = ExplainerSettings().steps

  @Option(
    help: ArgumentHelp(
      "Decides about all that is drawn, such as noise and random masks.", valueName: "n"))
  var seed: UInt64 = 0

  func validate() throws {
    guard (1...10_000).contains(steps) else {
      throw ValidationError("--steps needs a number from 1 to 10000")
    }
  }

  /// The settings of the method.
  var settings: ExplainerSettings { ExplainerSettings(steps: steps, seed: seed) }
}
