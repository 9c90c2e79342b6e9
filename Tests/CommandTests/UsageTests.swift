import Foundation
import Testing

/// Command lines that ask for something impossible: status 64, and nothing is done.
@Suite struct UsageTests {
  struct Mistake: CustomTestStringConvertible, Sendable {
    let arguments: [String]
    /// What the message has to contain.
    let words: String

    var testDescription: String { arguments.joined(separator: " ") }

    init(_ arguments: String..., saying words: String) {
      (self.arguments, self.words) = (arguments, words)
    }
  }

  static let mistakes = [
    Mistake("interpret", saying: "no input was given"),
    Mistake("classify", saying: "no input was given"),
    Mistake("spectrogram", saying: "no input was given"),
    Mistake("explain", "a.wav", saying: "explain"),
    Mistake("interpret", "--outputz", "json", "a.wav", saying: "Did you mean '--outputs'?"),
    Mistake("interpret", "--bogus", "a.wav", saying: "Unknown option '--bogus'"),
    Mistake("interpret", "--outputs", "audio,video", "a.wav", saying: "'audio,video'"),
    Mistake("interpret", "--outputs", "", "a.wav", saying: "--outputs"),
    Mistake("interpret", "--top", "0", "a.wav", saying: "--top needs a number from 1 on"),
    Mistake("classify", "--top", "-1", "a.wav", saying: "--top"),
    Mistake("classify", "--top", "many", "a.wav", saying: "'many'"),
    Mistake("classify", "--json", "--csv", "a.wav", saying: "contradict each other"),
    Mistake("classify", "-q", "-v", "a.wav", saying: "contradict each other"),
    Mistake("interpret", "--tail", "cut", "a.wav", saying: "'keep' and 'crop'"),
    Mistake("interpret", "--existing", "ask", "a.wav", saying: "'overwrite', 'skip' or 'fail'"),
    Mistake(
      "interpret", "--audio-format", "flac", "--encoding", "float32", "a.wav",
      saying: "flac: cannot hold float32 samples; choose one of pcm16, pcm24"),
    Mistake("interpret", "--audio-format", "mp3", "a.wav", saying: "'wav' and 'flac'"),
    Mistake("interpret", "-o", "", "a.wav", saying: "--output-dir is empty"),
    Mistake("interpret", "-m", "", "a.wav", saying: "--model is empty"),
    Mistake("interpret", "-", "-", saying: "given only once"),
    Mistake("classify", "-", "-", saying: "given only once"),
    Mistake("interpret", "--files-from", "-", "-", saying: "standard input cannot be both"),
    Mistake("interpret", "-o", "out", "a.wav", "b/a.flac", saying: "a.wav and b/a.flac would"),
    Mistake(
      "interpret", "a.wav", "a.interpretation.wav",
      saying: "a.wav would write over the input a.interpretation.wav"),
    Mistake(
      "interpret", "--class", "dgo", "a.wav", saying: #"no class "dgo"; did you mean dog_bark?"#),
    Mistake("interpret", "--class", "Cry", "a.wav", saying: "did you mean baby_cry?"),
    Mistake("interpret", "--class", "10", "a.wav", saying: "the model's classes are 0 to 9"),
    Mistake("interpret", "--class=-1", "a.wav", saying: "the model's classes are 0 to 9"),
    Mistake("interpret", "--class", "99999999999999999999", "a.wav", saying: "there is no class"),
    Mistake("interpret", "--jobs", "0", "a.wav", saying: "--jobs needs a number from 1 to 1024"),
    Mistake("classify", "-t", "0", "a.wav", saying: "--threads needs a number from 1 to 1024"),
    Mistake("spectrogram", "--threads", "many", "a.wav", saying: "'many'"),
    Mistake("interpret", "--shard", "0/3", "a.wav", saying: "the slices of 3 are 1/3 to 3/3"),
    Mistake("classify", "--shard", "4/3", "a.wav", saying: "the slices of 3 are 1/3 to 3/3"),
    Mistake("spectrogram", "--shard", "1/0", "a.wav", saying: "at least one slice"),
    Mistake("interpret", "--shard", "a/b", "a.wav", saying: "two numbers, such as 1/3"),
    Mistake("interpret", "--shard", "2", "a.wav", saying: "two numbers, such as 1/3"),
    Mistake("interpret", "--shard", "1/2/3", "a.wav", saying: "two numbers, such as 1/3"),
    Mistake("interpret", "--shard", "+1/3", "a.wav", saying: "two numbers, such as 1/3"),
    Mistake("interpret", "--shard", "", "a.wav", saying: "two numbers, such as 1/3"),
    Mistake("interpret", "--window", "0.01", "a.wav", saying: "--window needs from 0.1 to 3600"),
    Mistake("interpret", "--window", "nan", "a.wav", saying: "--window needs from 0.1 to 3600"),
    Mistake("interpret", "--window", "4", "--overlap", "2.5", "a.wav", saying: "at most half"),
    Mistake(
      "interpret", "--overlap", "3", "a.wav", saying: "--overlap needs from 0 to 2.5 seconds"),
    Mistake("interpret", "--overlap=-1", "a.wav", saying: "--overlap needs from 0"),
    Mistake("classify", "--outputs", "audio", "a.wav", saying: "audio needs an explanation"),
    Mistake(
      "classify", "--window", "5", "--overlap", "3", "a.wav", saying: "from 0 to 2.5 seconds"),
    Mistake(
      "interpret", "--window", "0", "--overlap", "1", "a.wav", saying: "leave out --window 0"),
    Mistake("interpret", "--min-level", "3", "a.wav", saying: "--min-level needs a level"),
    Mistake("interpret", "--min-probability", "90", "a.wav", saying: "a number from 0 to 1"),
    Mistake("interpret", "--only", "rian", "a.wav", saying: "did you mean rain?"),
    Mistake("interpret", "--only", "", "a.wav", saying: "--only is empty"),
    Mistake(
      "interpret", "--window", "5", "--outputs", "audio,arrays", "a.wav",
      saying: "arrays are not written for windows; leave them out"),
    Mistake(
      "interpret", "--window", "5", "--tail", "crop", "a.wav",
      saying: "--tail crop drops the end of each window; leave it out"),
    Mistake("model", "import", "source", saying: "--output"),
    Mistake("model", "import", "source", "-o", "", saying: "--output is empty"),
    Mistake("model", "import", "s", "-o", "m", "--dtype", "f8", saying: "'f32', 'f16' or 'bf16'"),
    Mistake("model", "import", "s", "-o", "m", "--logit-scale", "0", saying: "a positive number"),
    Mistake("model", "import", "s", "-o", "m", "--logit-scale", "nan", saying: "a positive number"),
    Mistake("model", "info", "", saying: "is empty"),
  ]

  @Test(arguments: mistakes) func mistake(_ mistake: Mistake) throws {
    let space = try Workspace()
    for name in ["a.wav", "a.interpretation.wav", "b/a.flac"] { try space.writeGoodClip(name) }
    let outcome = try space.run(mistake.arguments)
    #expect(outcome.status == 64)
    #expect(outcome.output == "")
    #expect(outcome.errors.contains(mistake.words), "\(outcome.errors)")
    // The parser's own messages begin in its own way, and show the usage.
    if outcome.errors.hasPrefix("piq-audio: ") {
      #expect(outcome.errors.hasPrefix("piq-audio: error: "))
      #expect(outcome.errorLines.count == 1)
    } else {
      #expect(outcome.errors.hasPrefix("Error: "))
      #expect(outcome.errors.contains("\nUsage: piq-audio"))
    }
    #expect(space.files == ["a.interpretation.wav", "a.wav", "b/a.flac"])
  }

  /// On a CPU without the instructions that bf16 is for.
  @Test func precisionThatTheCPULacks() throws {
    let space = try Workspace()
    let old = ["DNNL_MAX_CPU_ISA": "AVX2"]
    let refused = try space.run(["interpret", "--precision", "bf16", "a.wav"], environment: old)
    #expect(refused.status == 64)
    #expect(refused.errors.contains("this CPU does not multiply bf16 by itself"))
    let recipe = try space.run(["train", "classifier", "--print-recipe"], environment: old)
    recipe.expectSuccess()
    #expect(recipe.output.contains("precision: auto"))
    let training = try space.run(
      ["train", "classifier", "--print-recipe", "--precision", "bf16"], environment: old)
    #expect(training.status == 1)
    #expect(training.errors.contains("precision is bf16"), "\(training.errors)")
    #expect(try space.run(["interpret", "--precision", "f16", "a.wav"]).status == 64)
  }
}
