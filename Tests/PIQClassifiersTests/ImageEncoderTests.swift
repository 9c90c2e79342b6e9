import Foundation
import PIQClassifiers
import PIQKernels
import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

/// FocalNet and ViT of a few channels: gradients, settings, what is refused.
struct ImageEncoderTests {
  private let generator = Initializer(seed: 31)

  private static var vit: ViTEncoder.Settings {
    var settings = ViTEncoder.Settings()
    settings.imageSize = 12
    settings.patchSize = 4
    settings.hiddenSize = 6
    settings.layerCount = 2
    settings.headCount = 3
    settings.intermediateSize = 8
    return settings
  }

  /// A window of five, three levels and layer scale besides the usual.
  private static func focalNet(layerScale: Bool = true) -> FocalNetEncoder.Settings {
    var settings = FocalNetEncoder.Settings()
    settings.imageSize = 16
    settings.patchSize = 2
    settings.embeddingSize = 3
    settings.depths = [1, 2]
    settings.focalLevels = [3, 2]
    settings.focalWindows = [3, 5]
    settings.mlpRatio = 2
    settings.usesLayerScale = layerScale
    settings.layerScaleValue = 0.7
    return settings
  }

  private static let encoders: [any EncoderSettings] = [
    vit, focalNet(), focalNet(layerScale: false),
  ]

  private func makeEncoder(_ settings: any EncoderSettings) throws -> any SpectrogramEncoder {
    try settings.validate(bins: 9)
    let encoder = settings.makeEncoder(using: generator)
    // Biases, factors and positions away from their initial values, so that each one matters.
    for (name, parameter) in encoder.state where parameter.value.shape.count != 2 {
      let noise = generator.uniform(parameter.value.shape, bound: 0.3)
      parameter.value = name.contains("weight") ? sum(parameter.value, noise) : noise
    }
    return encoder
  }

  @Test(arguments: encoders.indices)
  func gradients(index: Int) throws {
    let encoder = try makeEncoder(Self.encoders[index])
    let check = GradientCheck(step: 0x1p-8, using: generator)
    let x = generator.uniform([2, 21, 9], bound: 1)
    for part in ["map", "embedding"] {
      let results = try check(encoder.state, at: x) { x in
        part == "map"
          ? try encoder.differentiated(
            x, mode: .training, precision: .float32, needsInputGradient: true)
          : try encoder.differentiatedEmbedding(
            x, mode: .training, precision: .float32, needsInputGradient: true)
      }
      #expect(results.count == encoder.state.count + 1)
      let failures = results.failures(tolerance: 5e-3)
      #expect(failures.isEmpty, "\(part): \(failures)")
    }
  }

  @Test(arguments: encoders.indices)
  func allWaysForwardAgree(index: Int) throws {
    let encoder = try makeEncoder(Self.encoders[index])
    let x = generator.uniform([2, 21, 9], bound: 1)
    let encoding = try encoder.encoding(x, mode: .evaluation)
    let map = try encoder.differentiated(
      x, mode: .evaluation, precision: .float32, needsInputGradient: false)
    let embedding = try encoder.differentiatedEmbedding(
      x, mode: .evaluation, precision: .float32, needsInputGradient: false)
    for (name, one, other) in [
      ("map", encoding.map, map.value), ("embedding", encoding.embedding, embedding.value),
      ("call", encoding.map, try encoder(x, mode: .training)),
    ] {
      let difference = TensorDifference(one, other)
      #expect(difference.relative < 1e-5, "\(name): \(difference)")
    }
    #expect(encoding.map.shape[3] == Self.encoders[index].channels)
    let zero = try embedding.pullback(encoding.embedding)
    #expect(zero.shape == x.shape && zero.elements.allSatisfy { $0 == 0 })
    // What moves the map alone moves the embedding by this.
    let share = try encoder.mapGradient(encoding.embedding, shape: encoding.map.shape)
    #expect(share.shape == encoding.map.shape)
  }

  /// The settings of model.json are those of config.json, and what is missing has the defaults.
  @Test func settingsInFiles() throws {
    for settings in Self.encoders {
      let configuration = try JSONDecoder().decode(
        EncoderConfiguration.self, from: JSONEncoder().encode(EncoderConfiguration(settings)))
      #expect(configuration == EncoderConfiguration(settings))
    }
    for (name, channels) in [("ViTModel", 768), ("FocalNetBackbone", 768)] {
      let text = #"{"class": "\#(name)", "image_size": 224}"#
      let configuration = try JSONDecoder().decode(
        EncoderConfiguration.self, from: Data(text.utf8))
      let settings = try configuration.known()
      try settings.validate(bins: 513)
      try settings.validateDecoding(bins: 513)
      #expect(settings.channels == channels)
      #expect(throws: PIQError.self) { try settings.validateDecoding(bins: 257) }
    }
  }

  @Test(arguments: [
    #""use_conv_embed": true"#, #""use_post_layernorm": true"#,
    #""use_post_layernorm_in_modulation": true"#, #""normalize_modulator": true"#,
    #""hidden_act": "relu""#, #""num_channels": 1"#, #""focal_windows": [3, 3, 3, 4]"#,
    #""focal_levels": [2, 2]"#, #""image_size": 225"#, #""embed_dim": 9223372036854775807"#,
    #""depths": []"#, #""mlp_ratio": 0"#, #""patch_size": 0"#, #""layer_norm_eps": 0"#,
  ])
  func focalNetsThatAreNotBuilt(setting: String) throws {
    try expectRefusal(FocalNetEncoder.Settings.self, setting)
  }

  @Test(arguments: [
    #""qkv_bias": false"#, #""hidden_act": "quick_gelu""#, #""num_channels": 1"#,
    #""num_attention_heads": 7"#, #""image_size": 225"#, #""patch_size": 0"#,
    #""hidden_size": 9223372036854775807"#, #""num_hidden_layers": 0"#, #""layer_norm_eps": 0"#,
  ])
  func vitsThatAreNotBuilt(setting: String) throws {
    try expectRefusal(ViTEncoder.Settings.self, setting)
  }

  /// The error names the setting.
  private func expectRefusal(_ type: (some EncoderSettings).Type, _ setting: String) throws {
    let settings = try JSONDecoder().decode(type, from: Data("{\(setting)}".utf8))
    let name = setting.split(separator: "\"")[0]
    let error = try #require(throws: PIQError.self) { try settings.validate(bins: 513) }
    #expect(error.description.contains(name), "\(error)")
  }

  /// Patches of 32 and images of 384 classify; PIQ's decoder does not take their maps.
  @Test(arguments: [(384, 16), (224, 32)])
  func decodingIsRefused(imageSize: Int, patchSize: Int) throws {
    var settings = ViTEncoder.Settings()
    (settings.imageSize, settings.patchSize) = (imageSize, patchSize)
    try settings.validate(bins: 513)
    let error = try #require(throws: PIQError.self) { try settings.validateDecoding(bins: 513) }
    #expect(error.description.contains("\(imageSize / patchSize) rows"), "\(error)")
  }
}
