import PIQCheckpoints
import PIQModels
import TestSupport

private let smallModel = Fixtures.path("small-speechbrain")

func hyperparamsTarget() throws -> FuzzTarget.Body {
  let folder = try FuzzFolder("hyperparams.yaml", beside: smallModel)
  return { bytes in
    folder.replace(with: bytes)
    _ = try SpeechBrainImport(path: folder.path, name: "fuzz")
  }
}

func labelsTarget() throws -> FuzzTarget.Body {
  let folder = try FuzzFolder("label_encoder.txt", beside: smallModel)
  let model = try SpeechBrainFolder(path: folder.path)
  return { bytes in
    folder.replace(with: bytes)
    let labels = try model.labels()
    precondition(!labels.isEmpty && Set(labels).count == labels.count)
  }
}
