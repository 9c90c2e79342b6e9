import PIQCheckpoints
import PIQTensor

func pickleTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  let storage = [UInt8](repeating: 0x3C, count: 256)
  return { bytes in
    let archive = try ZipWriter(path: file.path)
    try archive.add("archive/data.pkl", header: [], data: bytes)
    try storage.withUnsafeBytes { storage in
      for key in 0..<3 { try archive.add("archive/data/\(key)", header: [], data: storage) }
    }
    file.replace(with: try archive.bytes())
    _ = try PyTorchCheckpoint(path: file.path)
  }
}

func zipTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  return { bytes in
    file.replace(with: bytes)
    let arrays = Result { try NPZ.read(path: file.path) }
    _ = try PyTorchCheckpoint(path: file.path)
    _ = try arrays.get()
  }
}

func npyTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  return { bytes in
    let archive = try ZipWriter(path: file.path)
    try archive.add("array.npy", header: [], data: bytes)
    file.replace(with: try archive.bytes())
    let array = try NPZ.read(path: file.path)["array"]
    precondition(array != nil)
  }
}

func safetensorsTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  return { bytes in
    file.replace(with: bytes)
    let tensors = try SafetensorsFile(path: file.path)
    for name in tensors.names {
      // Each is of one of the two kinds, or of a type that is known by its name alone.
      let floats = try? tensors.floats(name)
      let integers = try? tensors.integers(name)
      precondition(floats == nil || integers == nil)
      precondition([tensors.shape(of: name), nil].contains(floats?.shape ?? integers?.shape))
    }
  }
}
