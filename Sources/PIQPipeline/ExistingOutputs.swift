/// What to do where an output is there already.
public enum ExistingOutputs: String, Sendable, Codable, CaseIterable {
  /// Replace it.
  case overwrite
  /// Leave the clip alone if all of its outputs are there.
  case skip
  /// Fail the clip if any of its outputs is there.
  case fail
}
