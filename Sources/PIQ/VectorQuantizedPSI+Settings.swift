import PIQClassifiers

/// The decoders of `PIQ.py`, by class: kernel and stride (height, width) of each transposed
/// convolution.
private let decoders: [String: Decoder.LayerSizes] = [
  "VectorQuantizedPSI_Audio": [
    ((3, 3), (2, 2)), ((4, 4), (2, 2)), ((4, 4), (2, 2)), ((4, 4), (2, 2)), ((12, 12), (1, 1)),
  ],
  "VectorQuantizedPSIFocalNet_Audio": imageDecoder,
  "VectorQuantizedPSIViT_Audio": imageDecoder,
]

/// FocalNet and ViT share it: it gives 431 by 513 for a map of 14 by 14.
private let imageDecoder: Decoder.LayerSizes = [
  ((3, 3), (4, 5)), ((4, 1), (2, 2)), ((4, 1), (2, 2)), ((4, 2), (2, 2)), ((10, 8), (1, 1)),
]

extension VectorQuantizedPSI {
  /// The settings of an interpreter: the `psi` of model.json, under upstream's names.
  public struct Settings: Sendable, Codable, Hashable {
    /// Upstream's class, which determines the decoder.
    public var className: String
    /// D, the length of a key (`dim`).
    public var dim: Int
    /// K, the number of keys (`K`).
    public var keyCount: Int
    /// The number of classes (`numclasses`).
    public var classCount: Int
    /// Whether classes own keys (`activate_class_partitioning`).
    public var classPartitioning: Bool
    /// The number of keys that no class owns (`shared_keys`).
    public var sharedKeys: Int
    /// Whether a residual block adapts the representation (`use_adapter`).
    public var usesAdapter: Bool
    /// Whether a convolution halves it before quantisation (`adapter_reduce_dim`).
    public var reducesDim: Bool

    /// Settings, with upstream's default arguments.
    public init(
      className: String = "VectorQuantizedPSI_Audio", dim: Int = 128, keyCount: Int = 512,
      classCount: Int = 50, classPartitioning: Bool = true, sharedKeys: Int = 0,
      usesAdapter: Bool = true, reducesDim: Bool = true
    ) {
      self.className = className
      self.dim = dim
      self.keyCount = keyCount
      self.classCount = classCount
      self.classPartitioning = classPartitioning
      self.sharedKeys = sharedKeys
      self.usesAdapter = usesAdapter
      self.reducesDim = reducesDim
    }

    enum CodingKeys: String, CodingKey {
      case dim
      case className = "class"
      case keyCount = "K"
      case classCount = "numclasses"
      case classPartitioning = "activate_class_partitioning"
      case sharedKeys = "shared_keys"
      case usesAdapter = "use_adapter"
      case reducesDim = "adapter_reduce_dim"
    }

    /// Checks that the settings fit together.
    ///
    /// - Throws: `PIQError.configuration` when the representation is to be halved without an adapter:
    ///   upstream fails there at the first clip.
    func validate() throws(PIQError) {
      guard usesAdapter || !reducesDim else {
        throw .configuration("adapter_reduce_dim needs use_adapter; set both, or neither")
      }
    }

    /// The sizes of the decoder's layers.
    ///
    /// - Throws: `PIQError.configuration` for an unknown class.
    func decoderLayers() throws(PIQError) -> Decoder.LayerSizes {
      guard let layers = decoders[className] else {
        throw .configuration(
          "\(className) is no interpreter; known are "
            + decoders.keys.sorted().joined(separator: ", "))
      }
      return layers
    }
  }
}
