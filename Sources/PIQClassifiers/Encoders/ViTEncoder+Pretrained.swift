extension ViTEncoder.Settings: PretrainedEncoderSettings {
  public static let modelType = "vit"

  /// Google's models, such as vit-base-patch16-224 and vit-large-patch32-384.
  public static func published(_ name: String) -> Self? {
    let parts = name.split(separator: "-")
    guard parts.count >= 4, parts[0] == "vit", parts[2].hasPrefix("patch"),
      let patch = Int(parts[2].dropFirst(5)), let size = Int(parts[3])
    else { return nil }
    var settings = Self()
    (settings.patchSize, settings.imageSize) = (patch, size)
    switch parts[1] {
    case "base": break
    case "large":
      (settings.hiddenSize, settings.layerCount) = (1024, 24)
      (settings.headCount, settings.intermediateSize) = (16, 4096)
    case "huge":
      (settings.hiddenSize, settings.layerCount) = (1280, 32)
      (settings.headCount, settings.intermediateSize) = (16, 5120)
    default: return nil
    }
    return settings
  }

  public static func isFound(in shapes: [String: [Int]]) -> Bool {
    shape("embeddings.cls_token", in: shapes)?.count == 3
  }

  /// Takes over all sizes but the heads, which are in no tensor: 64 channels each where their number is
  /// 0.
  public mutating func adopt(_ shapes: [String: [Int]]) {
    let patches = "embeddings.patch_embeddings.projection.weight"
    if let shape = Self.shape(patches, in: shapes), shape.count == 4 {
      (hiddenSize, imageChannels, patchSize) = (shape[0], shape[1], shape[3])
    }
    if let shape = Self.shape("embeddings.position_embeddings", in: shapes), shape.count == 3 {
      let side = Int(Double(max(0, shape[1] - 1)).squareRoot().rounded())
      if side * side == shape[1] - 1 { imageSize = side * patchSize }
    }
    func layer(_ index: Int, _ name: String) -> [Int]? {
      Self.shape("encoder.layer.\(index).\(name)", in: shapes)
    }
    if let shape = layer(0, "intermediate.dense.weight"), shape.count == 2 {
      intermediateSize = shape[0]
    }
    let count = (0...).first { layer($0, "layernorm_before.weight") == nil }
    if let count, count > 0 {
      layerCount = count
      hasQueryBias = layer(0, "attention.attention.query.bias") != nil
    }
    if headCount == 0 { headCount = max(1, hiddenSize / 64) }
  }
}
