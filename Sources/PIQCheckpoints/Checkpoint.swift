public import PIQPlatform
public import PIQTensor

/// The tensors of a checkpoint, `.ckpt` of PyTorch or `.safetensors`.
public enum Checkpoint {
  /// The endings of their names, in the order in which they are looked for.
  public static let endings = [".ckpt", ".safetensors"]

  /// All floating-point tensors of the file at `path`, by name, without what wrappers
  /// put before all names.
  ///
  /// - Throws: `Failure`.
  public static func tensors(path: String) throws(Failure) -> [String: Tensor] {
    guard path.hasSuffix(".safetensors") else {
      return unwrapped(try PyTorchCheckpoint(path: path).floats)
    }
    let file = try SafetensorsFile(path: path)
    var tensors: [String: Tensor] = [:]
    for name in file.names where file.dtype(of: name) != nil {
      tensors[name] = try file.floats(name)
    }
    return unwrapped(tensors)
  }

  /// What wrappers put before all names: PyTorch's `DataParallel`, and `torch.compile`.
  private static let wrappers = ["module.", "_orig_mod."]

  private static func unwrapped(_ tensors: [String: Tensor]) -> [String: Tensor] {
    guard !tensors.isEmpty,
      let prefix = wrappers.first(where: { prefix in
        tensors.keys.allSatisfy { $0.hasPrefix(prefix) }
      })
    else { return tensors }
    return unwrapped(
      Dictionary(
        tensors.map { (String($0.key.dropFirst(prefix.count)), $0.value) },
        uniquingKeysWith: { first, _ in first }))
  }
}
