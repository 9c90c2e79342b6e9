/// The clips that a model was trained and chosen on, so that figures of clips that it has seen can be told
/// from others. Clips are known by their files: one that was cut or encoded anew is another one.
public struct SeenClips: Sendable, Codable, Equatable {
  /// What a clip was used for.
  public enum Use: String, Sendable, Codable, CaseIterable {
    /// The weights were trained on it.
    case train
    /// It chose the epoch, or calibrated the probabilities.
    case valid
  }

  /// The first digits of the SHA-256 of each file, in ascending order.
  public private(set) var train: [String]
  /// The same of the clips that chose.
  public private(set) var valid: [String]

  /// How many hexadecimal digits tell files apart.
  public static let digits = 16

  /// Clips by the SHA-256 of their files.
  public init(train: [String], valid: [String]) {
    func shortened(_ hashes: [String]) -> [String] {
      Set(hashes.map { String($0.prefix(Self.digits)) }).sorted()
    }
    (self.train, self.valid) = (shortened(train), shortened(valid))
  }

  /// These clips and those of another part of the model.
  public func union(_ other: SeenClips?) -> SeenClips {
    SeenClips(train: train + (other?.train ?? []), valid: valid + (other?.valid ?? []))
  }

  /// What files were used for, by their SHA-256; only those that were used are in it.
  public func uses(of hashes: [String]) -> [String: Use] {
    let (train, valid) = (Set(train), Set(valid))
    var uses: [String: Use] = [:]
    for hash in hashes {
      let digits = String(hash.prefix(Self.digits))
      if train.contains(digits) {
        uses[hash] = .train
      } else if valid.contains(digits) {
        uses[hash] = .valid
      }
    }
    return uses
  }
}
