import PIQCheckpoints
import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

/// Optimisers and clipping against PyTorch's (Fixtures/scripts/make_optimizer_reference.py).
struct OptimizerTests {
  private static let names = ["weight", "bias", "late"]
  private static let steps = 5

  private func reference(_ name: String) throws -> SafetensorsFile {
    try SafetensorsFile(path: Fixtures.path("reference/optimizers/\(name).safetensors"))
  }

  private func parameters(
    _ file: SafetensorsFile
  ) throws -> [(name: String, parameter: Parameter)] {
    try Self.names.map { ($0, Parameter(try file.floats("param.\($0)"))) }
  }

  /// Takes the gradients of a step; a parameter may have none.
  private func setGradients(
    _ parameters: [(name: String, parameter: Parameter)], _ file: SafetensorsFile, step: Int
  ) throws {
    for (name, parameter) in parameters {
      let key = "grad\(step).\(name)"
      parameter.gradient = file.names.contains(key) ? try file.floats(key) : nil
    }
  }

  private func optimizer(
    _ parameters: [(name: String, parameter: Parameter)], decay: Adam.Decay = .gradient
  ) -> Adam {
    Adam(parameters, learningRate: 0.01, betas: (0.9, 0.99), weightDecay: 0.1, decay: decay)
  }

  @Test(arguments: [("adam", Adam.Decay.gradient), ("adamw", .decoupled)])
  func adam(name: String, decay: Adam.Decay) throws {
    let file = try reference(name)
    let parameters = try parameters(file)
    let optimizer = optimizer(parameters, decay: decay)
    for step in 0..<Self.steps {
      try setGradients(parameters, file, step: step)
      optimizer.step()
      for (name, parameter) in parameters {
        let difference = TensorDifference(
          parameter.value, try file.floats("after\(step).\(name)"))
        #expect(difference.relative < 1e-6, "step \(step), \(name): \(difference)")
      }
    }
    #expect(optimizer.state.count == 3 * parameters.count)
    for (name, tensor) in optimizer.state {
      let difference = TensorDifference(tensor, try file.floats("state.\(name)"))
      #expect(difference.relative < 1e-6, "\(name): \(difference)")
    }
  }

  /// The two decays differ by more than the tolerance of the test above.
  @Test func decaysDiffer() throws {
    let (adam, adamW) = (try reference("adam"), try reference("adamw"))
    for name in Self.names {
      let difference = TensorDifference(
        try adam.floats("after4.\(name)"), try adamW.floats("after4.\(name)"))
      #expect(difference.relative > 1e-4, "\(name): \(difference)")
    }
  }

  @Test func aRestoredOptimizerGoesOnAsIfNothingHadHappened() throws {
    let file = try reference("adamw")
    let (straight, resumed) = (try parameters(file), try parameters(file))
    let first = optimizer(straight, decay: .decoupled)
    var second = optimizer(resumed, decay: .decoupled)
    for step in 0..<Self.steps {
      if step == 2 {
        let kept = Dictionary(uniqueKeysWithValues: second.state.map { ($0.name, $0.tensor) })
        second = optimizer(resumed, decay: .decoupled)
        try second.restore { name, _ in try #require(kept[name]) }
      }
      for (parameters, optimizer) in [(straight, first), (resumed, second)] {
        try setGradients(parameters, file, step: step)
        optimizer.step()
      }
    }
    for (a, b) in zip(straight, resumed) { #expect(a.parameter.value == b.parameter.value) }
  }

  @Test(arguments: [("weight.step", Float(-1)), ("bias.step", .nan), ("late.step", 1.5)])
  func stateThatNoOptimizerLeft(name: String, value: Float) throws {
    let optimizer = optimizer(try parameters(try reference("adam")))
    let error = #expect(throws: OptimizerStateError.self) {
      try optimizer.restore { asked, shape in
        Tensor(shape: shape, repeating: asked == name ? value : 7)
      }
    }
    #expect(error?.description.contains("'\(name)' is no count") == true)
    #expect(throws: OptimizerStateError.self) {
      try optimizer.restore { _, shape in Tensor(shape: shape + [2], repeating: 1) }
    }
    // What failed has changed nothing.
    #expect(optimizer.state.allSatisfy { $0.tensor == Tensor(shape: $0.tensor.shape) })
  }

  @Test func whatIsNotTrainableStays() {
    let statistic = Parameter(Tensor(shape: [2], repeating: 3), isTrainable: false)
    statistic.gradient = Tensor(shape: [2], repeating: 1)
    let optimizer = Adam([("running_mean", statistic)])
    optimizer.step()
    #expect(statistic.value == Tensor(shape: [2], repeating: 3))
    #expect(optimizer.state.isEmpty)
  }

  @Test(arguments: ["small", "large"])
  func clipping(name: String) throws {
    let file = try reference("clipping")
    let gradients = try Self.names.map { try file.floats("grad.\($0)") }
    let parameters = gradients.map { Parameter(Tensor(shape: $0.shape)) }
    for (parameter, gradient) in zip(parameters, gradients) { parameter.gradient = gradient }
    let limit = Double(try file.floats("\(name).limit").scalar)
    let norm = clipGradients(
      parameters + [Parameter(Tensor(shape: [3]))], toNorm: limit)
    let expected = Double(try file.floats("\(name).norm").scalar)
    #expect(abs(norm - expected) < 1e-6 * expected)
    for (parameter, key) in zip(parameters, Self.names) {
      let clipped = try #require(parameter.gradient)
      let difference = TensorDifference(clipped, try file.floats("\(name).\(key)"))
      #expect(difference.relative < 1e-6, "\(key): \(difference)")
    }
    #expect((parameters.map(\.gradient) == gradients) == (name == "large"))
  }

  /// More values than the loop takes at a time, the odd one last.
  @Test(arguments: [0, 7, 8, 16], [Float.infinity, -.infinity, .nan])
  func aGradientThatIsNotFinite(index: Int, value: Float) {
    let parameter = Parameter(Tensor(shape: [17]))
    parameter.gradient = Tensor(shape: [17], repeating: 2)
    parameter.gradient?[flat: index] = value
    #expect(!clipGradients([parameter], toNorm: 1).isFinite)
    #expect(parameter.gradient?[flat: 1] == 2)
  }

  @Test func hugeGradientsAreClipped() {
    let parameter = Parameter(Tensor(shape: [4]))
    parameter.gradient = Tensor(shape: [4], repeating: 3e38)
    #expect(abs(clipGradients([parameter], toNorm: 1) / 6e38 - 1) < 1e-6)
    #expect(abs((parameter.gradient?[flat: 0] ?? 0) - 0.5) < 1e-6)
  }
}
