import PIQCheckpoints
import PIQModels
import TestSupport

func namesTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  return { bytes in
    file.replace(with: bytes)
    let labels = try LabelFile.read(path: file.path)
    precondition(!labels.isEmpty && Set(labels).count == labels.count)
  }
}

/// What an engine is given; none is here.
func onnxTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  return { bytes in
    file.replace(with: bytes)
    let network = try ONNXFile(path: file.path)
    precondition(!network.inputs.isEmpty && !network.outputs.isEmpty)
    let inner = network.tensors.filter { !network.outputs.contains($0) }
    try network.withBytes(exposing: inner) { whole in
      precondition(whole.count >= bytes.count / 2)
    }
  }
}

func frontEndTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  return { bytes in
    file.replace(with: bytes)
    _ = try FrontEndFile(path: file.path)
  }
}
