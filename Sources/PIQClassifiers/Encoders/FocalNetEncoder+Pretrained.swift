extension FocalNetEncoder.Settings: PretrainedEncoderSettings {
  public static let modelType = "focalnet"

  /// Microsoft's models, such as focalnet-base and focalnet-small-lrf.
  ///
  /// Source of the sizes: transformers' convert_focalnet_to_hf_format.py.
  public static func published(_ name: String) -> Self? {
    let parts = name.split(separator: "-")
    guard parts.first == "focalnet", parts.count > 1 else { return nil }
    var settings = Self()
    switch parts[1] {
    case "tiny": break
    case "small": settings.depths = [2, 2, 18, 2]
    case "base": (settings.depths, settings.embeddingSize) = ([2, 2, 18, 2], 128)
    case "large", "xlarge":
      settings.depths = [2, 2, 18, 2]
      settings.embeddingSize = parts[1] == "large" ? 192 : 256
      (settings.usesConvolutionalEmbedding, settings.usesPostLayerNorm) = (true, true)
      settings.usesLayerScale = true
    default: return nil
    }
    if parts.contains("fl4") {
      settings.focalLevels = [4, 4, 4, 4]
    } else if parts.contains("lrf") {
      settings.focalLevels = [3, 3, 3, 3]
    }
    if parts.contains("fl3") { settings.focalWindows = [5, 5, 5, 5] }
    return settings
  }

  public static func isFound(in shapes: [String: [Int]]) -> Bool {
    shape(Self.patches, in: shapes)?.count == 4
  }

  private static let patches = "focalnet.embeddings.patch_embeddings.projection.weight"

  /// Takes over the sizes of all stages; that of the image is in no tensor.
  public mutating func adopt(_ shapes: [String: [Int]]) {
    if let shape = Self.shape(Self.patches, in: shapes), shape.count == 4 {
      (embeddingSize, imageChannels) = (shape[0], shape[1])
      // Overlapping patches of 7 have steps of 4.
      usesConvolutionalEmbedding = shape[3] == 7
      patchSize = usesConvolutionalEmbedding ? 4 : shape[3]
    }
    var found: (depths: [Int], levels: [Int], windows: [Int]) = ([], [], [])
    while true {
      let stage = found.depths.count
      func layer(_ index: Int, _ name: String) -> [Int]? {
        Self.shape("focalnet.encoder.stages.\(stage).layers.\(index).\(name)", in: shapes)
      }
      guard let depth = (0...).first(where: { layer($0, "norm1.weight") == nil }), depth > 0,
        let levels = (0...).first(where: {
          layer(0, "modulation.focal_layers.\($0).0.weight") == nil
        })
      else { break }
      found.depths.append(depth)
      found.levels.append(levels)
      found.windows.append(layer(0, "modulation.focal_layers.0.0.weight")?.last ?? 1)
      guard stage == 0 else { continue }
      if let hidden = layer(0, "mlp.fc1.weight")?.first, embeddingSize > 0 {
        mlpRatio = Double(hidden) / Double(embeddingSize)
      }
      usesLayerScale = layer(0, "gamma_1") != nil
      usesPostLayerNormInModulation = layer(0, "modulation.layernorm.weight") != nil
    }
    guard !found.depths.isEmpty else { return }
    (depths, focalLevels, focalWindows) = (found.depths, found.levels, found.windows)
  }
}
