extension ViTEncoder.Settings {
  /// The parts of names that transformers 5 changed, in the order in which they are replaced.
  private static let renamed = [
    ("encoder.layer.", "layers."), ("attention.attention.query.", "attention.q_proj."),
    ("attention.attention.key.", "attention.k_proj."),
    ("attention.attention.value.", "attention.v_proj."),
    ("attention.output.dense.", "attention.o_proj."), ("intermediate.dense.", "mlp.fc1."),
    ("output.dense.", "mlp.fc2."),
  ]

  /// What transformers 5 calls it, where that differs; and both names in a `ViTForImageClassification`.
  public static func aliases(of name: String) -> [String] {
    guard name.hasPrefix("encoder.layer.") else { return ["vit." + name] }
    let alias = renamed.reduce(name) { name, parts in
      guard let range = name.firstRange(of: parts.0) else { return name }
      return name.replacingCharacters(in: range, with: parts.1)
    }
    return [alias, "vit." + name, "vit." + alias]
  }
}

extension String {
  /// A copy with the characters of a range replaced.
  fileprivate func replacingCharacters(
    in range: Range<Index>, with replacement: String
  ) -> String {
    var copy = self
    copy.replaceSubrange(range, with: replacement)
    return copy
  }
}
