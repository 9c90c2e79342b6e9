import CPIQOpenVINO
package import PIQPlatform
package import PIQTensor
import Synchronization

/// A network that is ready to run, in single precision. Several threads may share one.
///
/// Each run has one thread, and several go at the same time, so that results do not depend on the
/// number of threads.
package final class OpenVINONetwork: Sendable {
  /// The outputs.
  package let outputs: [OpenVINOModel.Port]
  // Sendable: compiling only reads it, one thread at a time.
  private nonisolated(unsafe) let model: OpenVINOModel
  private let roundsToBytes: Bool
  private let compiling = Mutex(())
  private let idle: Mutex<[CompiledNetwork]>

  /// Compiles `model`, which has one input in single precision.
  ///
  /// - Parameter roundsToBytes: whether what 8-bit weights are multiplied by may be rounded to 8 bits,
  ///   in a way that depends on the CPU.
  /// - Throws: `Failure`.
  package init(_ model: OpenVINOModel, roundsToBytes: Bool) throws(Failure) {
    (self.model, outputs, self.roundsToBytes) = (model, model.outputs, roundsToBytes)
    idle = Mutex([try CompiledNetwork(model, roundsToBytes)])
  }

  /// Runs the network on each of the inputs, on `Threads.current` threads.
  ///
  /// - Parameters:
  ///   - inputs: tensors of the input's shape.
  ///   - indices: the outputs wanted.
  /// - Returns: for each input a tensor for each wanted output.
  /// - Throws: `Failure`.
  package func run(_ inputs: [Tensor], outputs indices: [Int]) throws(Failure) -> [[Tensor]] {
    try inOrder(count: inputs.count) { index throws(Failure) in
      try run(inputs[index], outputs: indices)
    }
  }

  private func run(_ input: Tensor, outputs: [Int]) throws(Failure) -> [Tensor] {
    let network =
      if let waiting = idle.withLock({ $0.popLast() }) { waiting } else {
        try compiling.withLock { _ throws(Failure) in try CompiledNetwork(model, roundsToBytes) }
      }
    // One that failed is not used again.
    let result = try network.run(input, outputs: outputs)
    idle.withLock { $0.append(network) }
    return result
  }
}

/// A compiled network for one thread.
///
/// Each has a single stream: with several, OpenVINO 2026.4 computes wrong scores in every other process.
private final class CompiledNetwork: @unchecked Sendable {
  // Sendable: used by one thread at a time, which takes it from the idle ones.
  private let engine: OpenVINO
  private let compiled, request: OpaquePointer

  init(_ model: OpenVINOModel, _ roundsToBytes: Bool) throws(Failure) {
    engine = model.engine
    var compiled: OpaquePointer?
    try engine.check(
      engine.compile(model.handle, roundsToBytes: roundsToBytes, &compiled), "compile the network")
    var request: OpaquePointer?
    let status = engine.with { $0.compiled_model_create_infer_request(compiled, &request) }
    guard status == 0, let compiled, let request else {
      engine.with { $0.compiled_model_free(compiled) }
      try engine.check(status, "prepare the network")
      throw Failure(.networkUnusable, problem: "OpenVINO compiled no network")
    }
    (self.compiled, self.request) = (compiled, request)
  }

  deinit {
    engine.with {
      $0.infer_request_free(request)
      $0.compiled_model_free(compiled)
    }
  }

  func run(_ input: Tensor, outputs: [Int]) throws(Failure) -> [Tensor] {
    try input.withUnsafeBuffer { values throws(Failure) in
      try set(values, shape: input.shape)
      try engine.check(engine.with { $0.infer_request_infer(request) }, "run the network")
    }
    var result: [Tensor] = []
    for index in outputs { result.append(try output(index)) }
    return result
  }

  private func set(_ values: UnsafeBufferPointer<Float>, shape: [Int]) throws(Failure) {
    var dims = shape.map { Int64($0) }
    var tensor: OpaquePointer?
    let status = dims.withUnsafeMutableBufferPointer { dims in
      engine.with {
        // It only reads the values.
        $0.tensor_create_from_host_ptr(
          engine.float32, piq_ov_shape(rank: Int64(dims.count), dims: dims.baseAddress),
          UnsafeMutableRawPointer(mutating: values.baseAddress), &tensor)
      }
    }
    try engine.check(status, "take the input")
    defer { engine.with { $0.tensor_free(tensor) } }
    try engine.check(
      engine.with { $0.infer_request_set_input_tensor_by_index(request, 0, tensor) },
      "take the input \(shape)")
  }

  private func output(_ index: Int) throws(Failure) -> Tensor {
    var tensor: OpaquePointer?
    try engine.check(
      engine.with { $0.infer_request_get_output_tensor_by_index(request, index, &tensor) },
      "give the output \(index)")
    defer { engine.with { $0.tensor_free(tensor) } }
    var shape = piq_ov_shape()
    try engine.check(engine.with { $0.tensor_get_shape(tensor, &shape) }, "tell a shape")
    defer { engine.with { _ = $0.shape_free(&shape) } }
    let extents = (0..<Int(shape.rank)).map { Int(shape.dims[$0]) }
    var data: UnsafeMutableRawPointer?
    try engine.check(engine.with { $0.tensor_data(tensor, &data) }, "give the output \(index)")
    return Tensor(shape: extents) { values in
      if let data, let base = values.baseAddress {
        UnsafeMutableRawPointer(base).copyMemory(from: data, byteCount: 4 * values.count)
      }
    }
  }
}
