public import PIQPlatform
public import PIQTensor

/// A state dict saved by torch.save of PyTorch 1.6 or later: a zip archive of a pickle, which
/// names the tensors, and of their bytes.
///
/// No code in the pickle is ever executed; requests for it are refused.
public struct PyTorchCheckpoint: Sendable {
  /// The floating-point tensors (F32, F16, BF16, and F64 rounded) under their names.
  public private(set) var floats: [String: Tensor] = [:]
  /// The integers (I64, I32, U8 and booleans) under their names, such as `num_batches_tracked`.
  public private(set) var integers: [String: IntegerArray] = [:]

  /// Reads the file at `path`.
  ///
  /// - Throws: `Failure` when it cannot be read, is not a flat dictionary of tensors, requests code
  ///   execution, or holds a tensor beyond its bytes.
  public init(path: String) throws(Failure) {
    let archive = try ZipArchive(path: path)
    let root = try Self.root(of: archive)
    var reader = try PickleReader(try archive.bytes(of: root + "data.pkl"), path: path)
    let state = try reader.read()
    let views = try Self.views(in: state, reader.objects, archive)
    // One storage at a time, so that only one is held beside the tensors.
    let byStorage = Dictionary(grouping: views, by: \.storage.key)
    for key in byStorage.keys.sorted() {
      let bytes = try archive.bytes(of: root + "data/" + key)
      for view in byStorage[key] ?? [] {
        guard view.storage.byteCount == bytes.count else {
          throw Self.invalid(path, "storage \(quoted(key)) is not as long as its tensors say")
        }
        bytes.withUnsafeBytes { read(view, of: $0) }
      }
    }
  }

  private mutating func read(_ view: View, of storage: UnsafeRawBufferPointer) {
    let dtype = view.storage.dtype
    view.tensor.withElements(of: storage, size: dtype.byteCount) { elements in
      if dtype.isFloat {
        floats[view.name] = Tensor(shape: view.tensor.shape) {
          dtype.decodeFloats(elements, into: $0)
        }
      } else {
        integers[view.name] = IntegerArray(
          shape: view.tensor.shape, values: dtype.decodeIntegers(elements))
      }
    }
  }
}

/// A tensor of a state dict, checked against what its storage should be.
private struct View {
  let name: String
  let tensor: PickledTensor
  let storage: PickledStorage
}

extension PyTorchCheckpoint {
  /// The folder of the archive that everything is in, with its slash.
  private static func root(of archive: ZipArchive) throws(Failure) -> String {
    let suffix = "data.pkl"
    guard let pickle = archive.names.first(where: { $0 == suffix || $0.hasSuffix("/" + suffix) })
    else {
      throw Failure(
        .fileMalformed, path: archive.path,
        problem: "is a zip archive without a data.pkl, so not of torch.save",
        remedy: "name a file written by torch.save(model.state_dict(), path)")
    }
    let root = String(pickle.dropLast(suffix.count))
    guard archive.size(of: root + "constants.pkl") == nil else {
      throw invalid(archive.path, "is a TorchScript program, not a state dict")
    }
    if let size = archive.size(of: root + "byteorder") {
      // Files without this entry predate big-endian support.
      guard size < 16, try archive.bytes(of: root + "byteorder").elementsEqual("little".utf8) else {
        throw Failure(
          .fileMalformed, path: archive.path,
          problem: "was saved on a big-endian machine, which is not supported",
          remedy: "save it again with torch.save on a little-endian one")
      }
    }
    return root
  }

  private static func views(
    in state: PickleValue, _ objects: PickleObjects, _ archive: ZipArchive
  ) throws(Failure) -> [View] {
    let path = archive.path
    guard case .dictionary(let dictionary) = state else {
      throw invalid(path, "holds \(state.kind), not a state dict")
    }
    // Views may overlap, but a small file must not fill the memory.
    var budget = 4 * archive.packedSize + 1 << 20
    var names: Set<String> = []
    var views: [View] = []
    for (key, value) in objects.dictionaries[dictionary] {
      guard case .string(let name) = key else {
        throw invalid(path, "has \(key.kind) for a name in its state dict")
      }
      let label = "tensor \(quoted(name))"
      guard case .tensor(let index) = value else {
        throw invalid(path, "holds \(value.kind) under \(quoted(name)), not a tensor")
      }
      let tensor = objects.tensors[index]
      let storage = objects.storages[tensor.storage]
      guard storage.dtype.isFloat || storage.dtype.isReadableInteger else {
        throw invalid(path, "\(label) is of type \(storage.dtype.rawValue), not supported here")
      }
      guard names.insert(name).inserted else { throw invalid(path, "has two of \(label)") }
      guard let count = elementCount(of: tensor.shape), tensor.fits(storage.count, count: count)
      else { throw invalid(path, "\(label) reaches beyond the end of its storage") }
      guard count <= budget else {
        throw invalid(path, "unpacks to far more elements than it has bytes: a zip bomb")
      }
      budget -= count
      views.append(View(name: name, tensor: tensor, storage: storage))
    }
    return views
  }

  private static func invalid(_ path: String, _ problem: String) -> Failure {
    Failure(
      .fileMalformed, path: path, problem: problem,
      remedy: "save model.state_dict() alone with torch.save")
  }
}
