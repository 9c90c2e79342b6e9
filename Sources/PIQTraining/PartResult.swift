/// What a training of a cross-validation came to. A run that is resumed reads it and need not have the
/// training's checkpoint, so that parts may come from several machines.
public struct PartResult<Outcome: Codable & Sendable>: Codable, Sendable {
  /// A hash of the settings, the clips and the models that it began with.
  public let identity: String
  /// The SHA-256 of its model's weights.
  public let model: String
  /// The epoch that the model is of.
  public let epoch: Int
  /// What the model made of the clips for the test.
  public let outcomes: [Outcome]

  public init(identity: String, model: String, epoch: Int, outcomes: [Outcome]) {
    (self.identity, self.model) = (identity, model)
    (self.epoch, self.outcomes) = (epoch, outcomes)
  }
}
