import PIQ
import PIQAudioIO
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQSpectral
import PIQTensor

/// What this package makes of a case's inputs, under the names of the case's tensors.
struct ReferenceRun {
  var floats: [String: Tensor] = [:]
  var integers: [String: [Int]] = [:]

  /// Runs the case.
  ///
  /// - Throws: `UnknownKind` when nothing here knows what to do with it.
  init(_ reference: ReferenceCase) throws {
    switch reference.kind {
    case "irrelevant_regions": try runIrrelevantRegions(reference)
    case "vq_part": try runQuantization(reference)
    case "vq_embedding_forward", "vq_embedding_straight_through": try runEmbedding(reference)
    case "resblock": try runResidualBlock(reference)
    case "encoder": try runEncoder(reference)
    case "classifier": try runClassifier(reference)
    case "psi_audio": try runPSI(reference, "VectorQuantizedPSI_Audio")
    case "psi_focalnet": try runPSI(reference, "VectorQuantizedPSIFocalNet_Audio")
    case "psi_vit": try runPSI(reference, "VectorQuantizedPSIViT_Audio")
    case "stft": try runSTFT(reference)
    case "resample": try runResampler(reference)
    case "train_interpreter_3_steps": try runTraining(reference)
    case "metrics": try runMetrics(reference)
    default: throw UnknownKind(name: reference.name)
    }
  }

  struct UnknownKind: Error {
    let name: String
  }

  mutating func runIrrelevantRegions(_ reference: ReferenceCase) throws {
    for (stage, mode) in [("train", Mode.training), ("valid", .evaluation)] {
      let closed = try irrelevantRegions(
        labels: reference.labels(), keyCount: reference.int("K"),
        classCount: reference.int("num_classes"), sharedKeys: reference.int("N_shared"), mode: mode)
      integers["output.\(stage)"] = closed.flatMap { $0.map { $0 ? 1 : 0 } }
    }
  }

  mutating func runQuantization(_ reference: ReferenceCase) throws {
    let (vectors, codes) = try VectorQuantizationStraightThrough.forward(
      reference.floats("input.inputs"), codebook: reference.floats("input.codebook"),
      labels: reference.labels(), classCount: reference.int("num_classes"),
      classPartitioning: reference.bool("activate_class_partitioning", default: true),
      sharedKeys: reference.int("shared_keys"),
      mode: reference.bool("training", default: true) ? .training : .evaluation)
    let gradients = VectorQuantizationStraightThrough.backward(
      try reference.floats("cotangent.codes"), codes: codes,
      keyCount: try reference.floats("input.codebook").shape[0])
    floats["grad.inputs"] = gradients.inputs
    floats["grad.codebook"] = gradients.codebook
    floats["output.codes"] = vectors
    integers["output.indices"] = codes.indices
    integers["output.indices_flat"] = codes.indices
  }

  mutating func runEmbedding(_ reference: ReferenceCase) throws {
    let initializer = Initializer.zeros
    let embedding = try VQEmbedding(
      keyCount: reference.int("K"), dim: reference.int("D"),
      classCount: reference.int("numclasses"), sharedKeys: reference.int("shared_keys"),
      using: initializer)
    try load(embedding, from: reference)
    let z = try reference.floats("input.z").channelsLast()
    if reference.kind == "vq_embedding_forward" {
      integers["output.indices"] = try embedding.forward(z, labels: reference.labels()).indices
    } else {
      let output = try embedding.straightThrough(
        z, labels: reference.labels(), mode: mode(of: reference))
      floats["output.straight_through"] = output.straightThrough.channelsFirst()
      floats["output.quantized"] = output.quantized.channelsFirst()
      let gradient = embedding.straightThroughBackward(
        straightThrough: try reference.floats("cotangent.straight_through").channelsLast(),
        quantized: try reference.floats("cotangent.quantized").channelsLast(), codes: output.codes)
      floats["grad.input.z"] = gradient.channelsFirst()
      recordGradients(of: embedding)
    }
  }

  mutating func runResidualBlock(_ reference: ReferenceCase) throws {
    let initializer = Initializer.zeros
    let block = ResidualBlock(dim: reference.int("dim"), using: initializer)
    try load(block, from: reference)
    let x = try reference.floats("input.x").channelsLast()
    let output = try block.differentiated(x, mode: mode(of: reference))
    floats["output.y"] = output.value.channelsFirst()
    let cotangent = try reference.floats("cotangent.y").channelsLast()
    floats["grad.input.x"] = try output.pullback(cotangent).channelsFirst()
    recordGradients(of: block)
    if mode(of: reference) == .evaluation {
      // What inference runs: folded and fused.
      floats["output.y"] = try block(x, mode: .evaluation).channelsFirst()
    }
  }

  mutating func runEncoder(_ reference: ReferenceCase) throws {
    let initializer = Initializer.zeros
    let encoder = ConvolutionalEncoder(dim: reference.int("dim"), using: initializer)
    try load(encoder, from: reference)
    let x = try reference.floats("input.x")
    let output = try encoder.differentiated(x, mode: mode(of: reference))
    floats["output.y"] = output.value.channelsFirst()
    floats["grad.input.x"] = try output.pullback(reference.floats("cotangent.y").channelsLast())
    recordGradients(of: encoder)
    if mode(of: reference) == .evaluation {
      floats["output.y"] = try encoder(x, mode: .evaluation).channelsFirst()
    }
  }

  mutating func runClassifier(_ reference: ReferenceCase) throws {
    let initializer = Initializer.zeros
    let classifier = CosineClassifier(
      inputSize: reference.int("input_size"), blockCount: reference.int("lin_blocks"),
      blockSize: reference.int("lin_neurons"), classCount: reference.int("out_neurons"),
      using: initializer)
    try load(classifier, from: reference)
    let output = try classifier.differentiated(
      reference.floats("input.x"), mode: mode(of: reference))
    floats["output.y"] = output.value
    floats["grad.input.x"] = try output.pullback(reference.floats("cotangent.y"))
    recordGradients(of: classifier)
  }

  mutating func runPSI(_ reference: ReferenceCase, _ className: String) throws {
    let initializer = Initializer.zeros
    let settings = VectorQuantizedPSI.Settings(
      className: className, dim: reference.int("dim"), keyCount: reference.int("K"),
      classCount: reference.int("numclasses"),
      classPartitioning: reference.bool("activate_class_partitioning", default: true),
      sharedKeys: reference.int("shared_keys"),
      usesAdapter: reference.bool("use_adapter", default: true),
      reducesDim: reference.bool("adapter_reduce_dim", default: true))
    let psi = try VectorQuantizedPSI(settings, using: initializer)
    try load(psi, from: reference)
    let (x, labels) = (try reference.floats("input.hs").channelsLast(), try reference.labels())
    var (output, pullback) = try psi.differentiated(x, labels: labels, mode: mode(of: reference))
    floats["grad.input.hs"] = try pullback(
      .init(
        reconstruction: reference.floats("cotangent.x_tilde").channelsLast(),
        hidden: reference.floats("cotangent.hcat").channelsLast(),
        quantized: reference.floats("cotangent.z_q_x").channelsLast())
    ).channelsFirst()
    recordGradients(of: psi)
    if mode(of: reference) == .evaluation {
      output = try psi(x, labels: labels, mode: .evaluation)
    }
    floats["output.x_tilde"] = output.reconstruction.channelsFirst()
    floats["output.hcat"] = output.hidden.channelsFirst()
    floats["output.z_q_x"] = output.quantized.channelsFirst()
  }

  private func mode(of reference: ReferenceCase) -> Mode {
    reference.bool("train", default: false) ? .training : .evaluation
  }

  func load(_ layer: some Layer, from reference: ReferenceCase) throws {
    for (name, parameter) in layer.state {
      let value = try reference.floats("param.\(name)")
      guard value.shape == parameter.value.shape else {
        throw WrongShape(name: name, shape: value.shape)
      }
      parameter.value = value
    }
  }

  private struct WrongShape: Error {
    let name: String
    let shape: [Int]
  }

  /// The running statistics after the step, and the gradients.
  private mutating func recordGradients(of layer: some Layer) {
    for (name, parameter) in layer.state {
      if name.contains("running") { floats["after.\(name)"] = parameter.value }
      if let gradient = parameter.gradient { floats["grad.param.\(name)"] = gradient }
    }
  }
}
