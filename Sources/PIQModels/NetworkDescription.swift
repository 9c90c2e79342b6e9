import PIQCheckpoints
import PIQOpenVINO
public import PIQPlatform

/// What a network's file says of its inputs, outputs and inner tensors.
public struct NetworkDescription: Sendable, Encodable {
  /// A tensor of a network.
  public struct Tensor: Sendable, Encodable {
    public let name: String
    /// The extent of each axis, nil where it is free; nil if it is not known.
    public let shape: [Int?]?
  }

  /// Its inputs.
  public let inputs: [Tensor]
  /// Its outputs.
  public let outputs: [Tensor]
  /// What is computed on the way, in order; none are known of a TFLite file.
  public let innerTensors: [Tensor]
  /// Why shapes are missing; nil if none are.
  public let remark: String?

  enum CodingKeys: String, CodingKey {
    case inputs, outputs, remark
    case innerTensors = "inner_tensors"
  }

  /// Whether the ending of a path is that of an ONNX or TFLite file.
  public static func isFile(_ path: String) -> Bool { NetworkFile.isNamed(path) }

  /// Reads the file at `path`. Where OpenVINO is not installed, names are those that the file has, and
  /// shapes are missing.
  ///
  /// - Throws: `Failure` when it is no ONNX or TFLite file, or cannot be read.
  public init(path: String) throws(Failure) {
    let file = try NetworkFile(path: path)
    do throws(Failure) {
      let (inner, names) = (file.innerTensors, file.onnx?.inputs ?? [])
      // Some tensors, such as sequences, cannot become outputs.
      let opened: (model: OpenVINOModel, outputs: [String])
      do throws(Failure) { opened = try file.open(exposing: inner) } catch {
        opened = try file.open()
      }
      let tensors = zip(opened.outputs, opened.model.outputs).map {
        Tensor(name: $0, shape: $1.shape)
      }
      let outputCount =
        opened.outputs.count == opened.model.outputs.count
        ? file.onnx?.outputs.count ?? tensors.count : tensors.count
      inputs = opened.model.inputs.enumerated().map { index, port in
        Tensor(name: names.indices.contains(index) ? names[index] : port.name, shape: port.shape)
      }
      outputs = Array(tensors.prefix(outputCount))
      innerTensors = Array(tensors.dropFirst(outputCount))
      remark = nil
    } catch {
      guard error.code == .engineNotFound else { throw error }
      func named(_ names: [String]) -> [Tensor] { names.map { Tensor(name: $0, shape: nil) } }
      inputs = named(file.onnx?.inputs ?? [])
      outputs = named(file.onnx?.outputs ?? [])
      innerTensors = named(file.innerTensors)
      remark = error.description
    }
  }
}
