package import PIQClassifiers
import PIQNeuralNetwork
package import PIQTensor

/// The sum of the channels of the classifier's last map, each weighted by its mean gradient
/// (Grad-CAM, Selvaraju et al., arXiv 1610.02391), enlarged bilinearly. Its positive part over the
/// largest becomes the mask.
public struct GradCAMExplainer: AttributionExplainer {
  public static let name = "grad-cam"

  package let interpreter: Interpreter
  private let classifier: any ActivationClassifier

  public init(_ interpreter: Interpreter, _: ExplainerSettings) throws {
    guard let classifier = interpreter.classifier as? any ActivationClassifier else {
      throw PIQError.unsupported(
        "\(Self.name) needs an inner map, which the classifier does not give")
    }
    (self.interpreter, self.classifier) = (interpreter, classifier)
  }

  package func attributions(_ logPower: Tensor, as classIndex: Int, number: Int) throws -> Tensor {
    try Self.map(classifier.activation(of: classIndex, at: logPower))
      .resized(toRows: logPower.shape[0], columns: logPower.shape[1])
  }

  package func mask(_ attributions: Tensor) -> Tensor {
    relative(Tensor(shape: attributions.shape, attributions.elements.map { max(0, $0) }))
  }

  /// The weighted sum of the channels [H, W] of maps [H, W, D].
  package static func map(_ activation: Activation) -> Tensor {
    let shape = activation.maps.shape
    let weights = spatialMean(activation.gradient.reshaped([1] + shape)).elements
    return activation.maps.withUnsafeBuffer { maps in
      Tensor(shape: [shape[0], shape[1]]) { map in
        for position in map.indices {
          let pixel = maps[position * shape[2]..<(position + 1) * shape[2]]
          map[position] = zip(weights, pixel).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
    }
  }
}

extension Tensor {
  /// A matrix [H, W] resized bilinearly (`torch.nn.functional.interpolate` with `bilinear` and
  /// `align_corners=False`).
  package func resized(toRows rows: Int, columns: Int) -> Tensor {
    /// The two cells that a new one lies between, and its distance from the first.
    func neighbours(_ count: Int, of cells: Int) -> [(Int, Int, Float)] {
      (0..<count).map { i in
        let scale = Float(cells) / Float(count)
        let position = min(max((Float(i) + 0.5) * scale - 0.5, 0), Float(cells - 1))
        return (
          Int(position), min(Int(position) + 1, cells - 1), position - position.rounded(.down)
        )
      }
    }
    let width = shape[1]
    let (lines, cells) = (neighbours(rows, of: shape[0]), neighbours(columns, of: width))
    return withUnsafeBuffer { map in
      Tensor(shape: [rows, columns]) { result in
        for (t, (top, bottom, down)) in lines.enumerated() {
          for (f, (left, right, across)) in cells.enumerated() {
            func line(_ row: Int) -> Float {
              map[row * width + left] * (1 - across) + map[row * width + right] * across
            }
            result[t * columns + f] = line(top) * (1 - down) + line(bottom) * down
          }
        }
      }
    }
  }
}
