import Glibc
public import PIQNeuralNetwork
package import PIQTensor

/// How likely it is that a sound is of any of the classes: a classifier has a class for everything.
///
/// It is a logistic function of the largest cosine between the sound's embedding and the mean of a class,
/// after a linear map that makes the spread within the classes the same in all directions (the metric of
/// Lee et al., arXiv 1807.03888). The function is fitted to sounds of classes that the classifier had not
/// learned.
public final class KnownScore: Layer {
  /// The logistic function: known = 1 / (1 + exp(-(weight * similarity + bias))).
  public struct Settings: Sendable, Codable, Equatable {
    /// The factor of the similarity.
    public var weight: Double
    /// The term beside it.
    public var bias: Double

    /// A function of these parameters.
    public init(weight: Double, bias: Double) { (self.weight, self.bias) = (weight, bias) }

    /// How likely it is that a sound of this similarity is of one of the classes.
    package func callAsFunction(_ similarity: Double) -> Double {
      1 / (1 + exp(-(weight * similarity + bias)))
    }
  }

  private let settings: Settings
  /// The mean of all embeddings [D].
  private let center: Parameter
  /// The map of what is left of an embedding without the mean [D, D].
  private let map: Parameter
  /// The direction of each class's mean after the map [C, D], of length 1.
  private let directions: Parameter

  /// A score for C classes and embeddings of length D, all of whose tensors are zeros.
  public init(_ settings: Settings, classCount: Int, embeddingLength: Int) {
    self.settings = settings
    center = Parameter(Tensor(shape: [embeddingLength]), isTrainable: false)
    map = Parameter(Tensor(shape: [embeddingLength, embeddingLength]), isTrainable: false)
    directions = Parameter(Tensor(shape: [classCount, embeddingLength]), isTrainable: false)
  }

  public var state: [(name: String, parameter: Parameter)] {
    [("center", center), ("map", map), ("directions", directions)]
  }

  /// The largest cosine between an embedding [D] and a class, from -1 to 1; 0 of an embedding that is the
  /// mean of all.
  package func similarity(of embedding: Tensor) -> Double {
    let offset = zip(embedding.elements, center.value.elements).map { Double($0) - Double($1) }
    let mapped = Self.products(map.value, offset)
    let length = mapped.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length > 0 else { return 0 }
    return Self.products(directions.value, mapped).reduce(-1) { max($0, $1 / length) }
  }

  /// The product of a matrix [R, D] and a vector [D].
  private static func products(_ matrix: Tensor, _ vector: [Double]) -> [Double] {
    matrix.withUnsafeBuffer { matrix in
      (0..<matrix.count / max(1, vector.count)).map { row in
        vector.indices.reduce(0) { $0 + Double(matrix[row * vector.count + $1]) * vector[$1] }
      }
    }
  }

  /// Adds to a decision how likely it is that the sound with this embedding [D] is of one of the classes.
  package func judge(_ embedding: Tensor, in classification: inout Classification) {
    let similarity = similarity(of: embedding)
    classification.similarity = Float(similarity)
    classification.known = Float(settings(similarity))
  }
}
