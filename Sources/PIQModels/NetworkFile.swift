import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQOpenVINO
import PIQPlatform

/// A classifier in an ONNX or TFLite file.
struct NetworkFile {
  let path: String
  /// What is known of an ONNX file before an engine reads it; nil of a TFLite file.
  let onnx: ONNXFile?

  /// Whether a path's ending is that of such a file.
  static func isNamed(_ path: String) -> Bool {
    [".onnx", ".tflite"].contains { path.lowercased().hasSuffix($0) }
  }

  /// Checks the file at `path`: ONNX, or TFLite.
  ///
  /// - Throws: `Failure` when it is neither, or cannot be read.
  init(path: String) throws(Failure) {
    self.path = path
    let head = try FileContents(path: path, beginning: 8)
    let isTFLite = head.withBytes { $0.dropFirst(4).elementsEqual("TFL3".utf8) }
    onnx = isTFLite ? nil : try ONNXFile(path: path)
  }

  /// The tensors that are computed on the way to the outputs; none are known of a TFLite file.
  var innerTensors: [String] {
    guard let onnx else { return [] }
    return onnx.tensors.filter { !onnx.outputs.contains($0) }
  }

  /// The network, with more of its tensors among the outputs.
  ///
  /// - Returns: the network, and the names of its outputs in order.
  /// - Throws: `Failure`.
  func open(
    exposing names: [String] = []
  ) throws(Failure) -> (model: OpenVINOModel, outputs: [String]) {
    guard let onnx else {
      let model = try OpenVINOModel(tflite: path)
      let outputs = model.outputs.map(\.name)
      if let other = names.first(where: { !outputs.contains($0) }) {
        throw Failure(
          .networkUnusable, path: path,
          problem: "has no output \(other.debugDescription); its outputs are "
            + outputs.map(\.debugDescription).joined(separator: ", "),
          remedy: "name one of these; a tensor inside can be named once the file is converted to "
            + "ONNX, as tf2onnx does")
      }
      return (model, outputs)
    }
    var exposed: [String] = []
    for name in names where !onnx.outputs.contains(name) && !exposed.contains(name) {
      exposed.append(name)
    }
    let model = try onnx.withBytes(exposing: exposed) { bytes throws(Failure) in
      try OpenVINOModel(onnx: bytes, path: path)
    }
    return (model, onnx.outputs + exposed)
  }

  /// The classifier of a model.
  ///
  /// - Parameters:
  ///   - head: that on the network's embedding; nil if the network gives scores.
  ///   - known: what tells sounds of its classes from others.
  /// - Throws: `Failure`; `PIQError.configuration` when the settings do not fit the network.
  func classifier(
    _ configuration: ModelConfiguration, _ network: NetworkConfiguration, head: CosineClassifier?,
    known: KnownScore? = nil
  ) throws -> NetworkClassifier {
    let wanted = head == nil ? network.scores : network.embedding ?? network.scores
    let (model, outputs) = try open(exposing: [wanted])
    let input = try NetworkInput(
      network, shape: try inputShape(of: model), stft: configuration.stft)
    let runnable = try ready(model, for: input, network.execution)
    guard let index = outputs.firstIndex(of: wanted) else {
      throw PIQError.configuration("the network has no output \(wanted.debugDescription)")
    }
    return NetworkClassifier(
      runnable, input, network, output: index, classCount: configuration.labels.count,
      head: head.map {
        NetworkClassifier.Head($0, logitScale: configuration.logitScale, known: known)
      })
  }

  /// The shape of the only input.
  ///
  /// - Throws: `Failure` for a network with more than one, or one of whole numbers.
  func inputShape(of model: OpenVINOModel) throws(Failure) -> [Int?] {
    guard let input = model.inputs.first, model.inputs.count == 1 else {
      let names = model.inputs.map(\.name.debugDescription).joined(separator: ", ")
      throw unusable(
        "has \(model.inputs.count) inputs (\(names)), where a classifier of sound has one",
        "export it with the sound as its only input")
    }
    guard input.isFloat else {
      throw unusable(
        "takes whole numbers instead of sound", "convert it with float inputs and outputs")
    }
    guard let shape = input.shape else {
      throw unusable("does not say how many axes its input has", "export it with a fixed rank")
    }
    return shape
  }

  /// A network compiled for inputs of one shape.
  func ready(
    _ model: OpenVINOModel, for input: NetworkInput, _ execution: NetworkConfiguration.Execution
  ) throws(Failure) -> OpenVINONetwork {
    do throws(Failure) {
      if model.inputs.first?.shape?.contains(where: { $0 == nil }) ?? false {
        try model.reshape(to: input.inputShape)
      }
      return try OpenVINONetwork(model, roundsToBytes: execution == .performance)
    } catch {
      throw error.naming(path)
    }
  }

  private func unusable(_ problem: String, _ remedy: String) -> Failure {
    Failure(.networkUnusable, path: path, problem: problem, remedy: remedy)
  }
}
