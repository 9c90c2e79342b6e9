import CPIQOpenVINO
package import PIQPlatform

/// A network as its file describes it.
package final class OpenVINOModel {
  /// An input or output of a network.
  package struct Port: Sendable, Equatable {
    /// Its name; empty where it has none.
    package var name: String
    /// The extent of each axis, nil where it is free; nil if even their number is free.
    package var shape: [Int?]?
    /// Whether its values are in single precision.
    package var isFloat: Bool
  }

  let engine: OpenVINO
  let handle: OpaquePointer
  /// Its inputs.
  package private(set) var inputs: [Port] = []
  /// Its outputs.
  package private(set) var outputs: [Port] = []

  /// Reads the TFLite file at `path`.
  ///
  /// - Throws: `Failure`, also for a file of another kind: the library would read whatever it is.
  package convenience init(tflite path: String) throws(Failure) {
    let head = try FileContents(path: path, beginning: 8)
    guard head.withBytes({ $0.dropFirst(4).elementsEqual("TFL3".utf8) }) else {
      throw Failure(
        .fileMalformed, path: path, problem: "is no TFLite file",
        remedy: "check how it was made or copied")
    }
    try self.init(path) { ov, core, handle in
      path.withCString { ov.core_read_model(core, $0, nil, &handle) }
    }
  }

  /// Reads an ONNX file from memory.
  ///
  /// - Parameter path: named in errors.
  /// - Throws: `Failure`.
  package convenience init(onnx bytes: UnsafeRawBufferPointer, path: String) throws(Failure) {
    let bytes = bytes.assumingMemoryBound(to: CChar.self)
    try self.init(path) { ov, core, handle in
      ov.core_read_model_from_memory_buffer(core, bytes.baseAddress, bytes.count, nil, &handle)
    }
  }

  private init(
    _ path: String,
    read: (borrowing piq_ov, OpaquePointer, inout OpaquePointer?) -> piq_ov_status
  ) throws(Failure) {
    let engine = try OpenVINO.shared()
    var handle: OpaquePointer?
    do throws(Failure) {
      try engine.check(engine.with { read($0, engine.core, &handle) }, "read the network")
    } catch {
      throw error.naming(path)
    }
    guard let handle else {
      throw Failure(.networkUnusable, path: path, problem: "OpenVINO returned no network")
    }
    (self.engine, self.handle) = (engine, handle)
    do throws(Failure) { try readPorts() } catch { throw error.naming(path) }
  }

  deinit { engine.with { $0.model_free(handle) } }

  /// Fixes the shape of the only input.
  ///
  /// - Throws: `Failure` when the network cannot take it.
  package func reshape(to shape: [Int]) throws(Failure) {
    let status = shape.map { piq_ov_dimension(min: Int64($0), max: Int64($0)) }
      .withUnsafeMutableBuffer { dims in
        let rank = Int64(dims.count)
        return engine.with {
          $0.model_reshape_single_input(
            handle,
            piq_ov_partial_shape(rank: .init(min: rank, max: rank), dims: dims.baseAddress))
        }
      }
    try engine.check(status, "give the network inputs \(shape)")
    try readPorts()
  }

  private func readPorts() throws(Failure) {
    inputs = try ports(
      engine.with { $0.model_inputs_size }, engine.with { $0.model_const_input_by_index })
    outputs = try ports(
      engine.with { $0.model_outputs_size }, engine.with { $0.model_const_output_by_index })
  }

  private func ports(
    _ size: (OpaquePointer?, UnsafeMutablePointer<Int>?) -> piq_ov_status,
    _ port: (OpaquePointer?, Int, UnsafeMutablePointer<OpaquePointer?>?) -> piq_ov_status
  ) throws(Failure) -> [Port] {
    var count = 0
    try engine.check(size(handle, &count), "count inputs and outputs")
    var result: [Port] = []
    for index in 0..<count {
      var found: OpaquePointer?
      try engine.check(port(handle, index, &found), "find an input or output")
      defer { engine.with { $0.output_const_port_free(found) } }
      result.append(try describe(found))
    }
    return result
  }

  private func describe(_ port: OpaquePointer?) throws(Failure) -> Port {
    var name: UnsafeMutablePointer<CChar>?
    // One without a name is no failure.
    let hasName = engine.with { $0.port_get_any_name(port, &name) } == 0
    defer { engine.with { $0.free(name) } }
    var type: UInt32 = 0
    try engine.check(
      engine.with { $0.port_get_element_type(port, &type) }, "tell a type of numbers")
    var shape = piq_ov_partial_shape()
    try engine.check(engine.with { $0.port_get_partial_shape(port, &shape) }, "tell a shape")
    defer { engine.with { $0.partial_shape_free(&shape) } }
    let rank = shape.rank.min == shape.rank.max ? Int(shape.rank.max) : nil
    return Port(
      name: hasName ? name.map { String(cString: $0) } ?? "" : "",
      shape: rank.map { rank in
        (0..<rank).map { axis in
          let extent = shape.dims[axis]
          return extent.min == extent.max ? Int(extent.max) : nil
        }
      }, isFloat: type == engine.float32)
  }
}

extension Array {
  /// Calls `body` with a copy of the elements.
  fileprivate func withUnsafeMutableBuffer<Result>(
    _ body: (UnsafeMutableBufferPointer<Element>) -> Result
  ) -> Result {
    var copy = self
    return copy.withUnsafeMutableBufferPointer { body($0) }
  }
}
