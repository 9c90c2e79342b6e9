import PIQClassifiers
import PIQSpectral

extension ModelConfiguration: Codable {
  private enum CodingKeys: String, CodingKey {
    case name, stft, normalize, network, classifier, psi, labels, known, training, licence,
      attribution, figures, clips
    case embeddingModel = "embedding_model"
    case useVQ = "use_vq"
    case useMaskOutput = "use_mask_output"
    case maskThreshold = "mask_th"
    case logitScale = "logit_scale"
  }

  /// The settings of a network leave out those of SpeechBrain's parts.
  ///
  /// - Throws: `DecodingError`.
  public init(from decoder: any Swift.Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let name = try values.decode(String.self, forKey: .name)
    let stft = try values.decode(STFTConfiguration.self, forKey: .stft)
    let labels = try values.decode([String].self, forKey: .labels)
    if let network = try values.decodeIfPresent(NetworkConfiguration.self, forKey: .network) {
      self.init(name: name, stft: stft, network: network, labels: labels)
      embeddingModel = try values.decodeIfPresent(
        EncoderConfiguration.self, forKey: .embeddingModel)
      classifier = try values.decodeIfPresent(Head.self, forKey: .classifier)
      logitScale = try values.decodeIfPresent(Double.self, forKey: .logitScale) ?? 1
    } else {
      self.init(
        name: name, stft: stft,
        normalize: try values.decode(Normalization.self, forKey: .normalize),
        embeddingModel: try values.decode(EncoderConfiguration.self, forKey: .embeddingModel),
        classifier: try values.decode(Head.self, forKey: .classifier),
        useVQ: try values.decode(Bool.self, forKey: .useVQ),
        useMaskOutput: try values.decode(Bool.self, forKey: .useMaskOutput),
        maskThreshold: try values.decode(Double.self, forKey: .maskThreshold), labels: labels,
        logitScale: try values.decode(Double.self, forKey: .logitScale))
    }
    psi = try values.decodeIfPresent(VectorQuantizedPSI.Settings.self, forKey: .psi)
    known = try values.decodeIfPresent(KnownScore.Settings.self, forKey: .known)
    training = try values.decodeIfPresent(String.self, forKey: .training)
    licence = try values.decodeIfPresent(String.self, forKey: .licence)
    attribution = try values.decodeIfPresent([String].self, forKey: .attribution) ?? []
    figures =
      try values.decodeIfPresent([String: MeasuredFigures].self, forKey: .figures) ?? [:]
    clips = try values.decodeIfPresent(SeenClips.self, forKey: .clips)
  }

  /// - Throws: `EncodingError`.
  public func encode(to encoder: any Swift.Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(name, forKey: .name)
    try values.encode(stft, forKey: .stft)
    try values.encode(labels, forKey: .labels)
    try values.encodeIfPresent(network, forKey: .network)
    try values.encodeIfPresent(embeddingModel, forKey: .embeddingModel)
    try values.encodeIfPresent(classifier, forKey: .classifier)
    try values.encodeIfPresent(psi, forKey: .psi)
    if network == nil {
      try values.encode(normalize, forKey: .normalize)
      try values.encode(useVQ, forKey: .useVQ)
      try values.encode(useMaskOutput, forKey: .useMaskOutput)
      try values.encode(maskThreshold, forKey: .maskThreshold)
    }
    if classifier != nil { try values.encode(logitScale, forKey: .logitScale) }
    try values.encodeIfPresent(known, forKey: .known)
    try values.encodeIfPresent(training, forKey: .training)
    try values.encodeIfPresent(licence, forKey: .licence)
    if !attribution.isEmpty { try values.encode(attribution, forKey: .attribution) }
    if !figures.isEmpty { try values.encode(figures, forKey: .figures) }
    try values.encodeIfPresent(clips, forKey: .clips)
  }
}
