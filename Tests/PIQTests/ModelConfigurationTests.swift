import Foundation
import PIQ
import PIQClassifiers
import PIQExplanations
import PIQSpectral
import TestSupport
import Testing

@Suite struct ModelConfigurationTests {
  /// One change that makes a working configuration impossible, and what the error must name.
  struct Refusal: Sendable, CustomStringConvertible {
    let words: String
    let change: @Sendable (inout ModelConfiguration) throws -> Void

    init(_ words: String, _ change: @escaping @Sendable (inout ModelConfiguration) throws -> Void) {
      self.words = words
      self.change = change
    }

    var description: String { words }
  }

  /// No arguments: the defaults.
  private struct None: KeywordArguments {
    func int(_ keyword: String, default standard: Int?) -> Int { standard ?? 0 }
    func bool(_ keyword: String, default standard: Bool?) -> Bool { standard ?? false }
  }

  static let refusals = [
    Refusal("vit-base cannot be run") {
      $0.embeddingModel = try .init(className: "vit-base", None())
    },
    Refusal("VectorQuantizedPSIViT_Audio cannot") {
      $0.psi?.className = "VectorQuantizedPSIViT_Audio"
    },
    Refusal("embedding_model dim is 0") {
      $0.embeddingModel = .init(ConvolutionalEncoder.Settings(dim: 0))
    },
    Refusal("psi K is -1") { $0.psi?.keyCount = -1 },
    Refusal("psi K is \(Int.max)") { $0.psi?.keyCount = .max },
    Refusal("classifier lin_blocks is 17") { $0.classifier?.blockCount = 17 },
    Refusal("embedding_model dim 5, classifier input_size 4") {
      $0.embeddingModel = .init(ConvolutionalEncoder.Settings(dim: 5))
    },
    Refusal("and psi dim 5 differ") { $0.psi?.dim = 5 },
    Refusal("2 labels") { $0.labels.removeLast() },
    Refusal("psi numclasses 4 differ") { $0.psi?.classCount = 4 },
    Refusal("n_fft 1000 gives 501 bins") {
      $0.stft = try .init(sampleRate: 8000, nFFT: 1000, hopLength: 16, windowLength: 48)
    },
    Refusal("n_fft 32 gives 17 bins") {
      $0.stft = try .init(sampleRate: 8000, nFFT: 32, hopLength: 16, windowLength: 32)
    },
    Refusal("logit_scale is 0.0") { $0.logitScale = 0 },
    Refusal("logit_scale is inf") { $0.logitScale = .infinity },
    Refusal("mask_th is nan") { $0.maskThreshold = .nan },
  ]

  @Test(arguments: refusals)
  func refuses(_ refusal: Refusal) throws {
    var configuration = try TinyModel.configuration()
    try configuration.validate()
    try refusal.change(&configuration)
    let error = #expect(throws: PIQError.self) { try configuration.validate() }
    #expect(error?.description.contains(refusal.words) == true, "\(String(describing: error))")
    #expect(throws: PIQError.self) { try TinyModel.interpreter(configuration) }
  }

  @Test func jsonKeepsEverything() throws {
    var configuration = try TinyModel.configuration(normalize: .max, reducesDim: false)
    configuration.training = "none"
    configuration.licence = "CC0"
    let data = try JSONEncoder().encode(configuration)
    #expect(try JSONDecoder().decode(ModelConfiguration.self, from: data) == configuration)
    let keys = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any]).keys
    #expect(
      keys.sorted() == [
        "classifier", "embedding_model", "labels", "licence", "logit_scale", "mask_th", "name",
        "normalize", "psi", "stft", "training", "use_mask_output", "use_vq",
      ])
  }
}
