import Glibc
public import PIQNeuralNetwork
package import PIQTensor

/// How likely it is that a sound is of any of the classes: a classifier has a class for everything.
///
/// It is the distance of the sound's embedding from the nearest class, in the metric of the spread that all
/// classes share (Mahalanobis; Lee et al., arXiv 1807.03888), as a logistic function that was fitted to
/// sounds of classes that the classifier had not learned.
public final class KnownScore: Layer {
  /// The logistic function: known = 1 / (1 + exp(-(weight * distance + bias))).
  public struct Settings: Sendable, Codable, Equatable {
    /// The factor of the distance.
    public var weight: Double
    /// The term beside it.
    public var bias: Double

    /// A function of these parameters.
    public init(weight: Double, bias: Double) { (self.weight, self.bias) = (weight, bias) }
  }

  private let settings: Settings
  /// The mean embedding of each class [C, D].
  private let means: Parameter
  /// W [D, D]: the distance between embeddings is the length of W (a - b) over the root of D.
  private let metric: Parameter

  /// A score for C classes and embeddings of length D, whose means and metric are zeros.
  public init(_ settings: Settings, classCount: Int, embeddingLength: Int) {
    self.settings = settings
    means = Parameter(Tensor(shape: [classCount, embeddingLength]), isTrainable: false)
    metric = Parameter(Tensor(shape: [embeddingLength, embeddingLength]), isTrainable: false)
  }

  public var state: [(name: String, parameter: Parameter)] {
    [("means", means), ("metric", metric)]
  }

  /// The distance of an embedding [D] from the nearest class.
  package func distance(of embedding: Tensor) -> Double {
    let (means, metric) = (means.value, metric.value)
    let (classCount, length) = (means.shape[0], means.shape[1])
    return embedding.withUnsafeBuffer { embedding in
      means.withUnsafeBuffer { means in
        metric.withUnsafeBuffer { metric in
          let squares = (0..<classCount).map { index -> Double in
            let difference = (0..<length).map {
              Double(embedding[$0]) - Double(means[index * length + $0])
            }
            return (0..<length).reduce(0) { sum, row in
              let value = (0..<length).reduce(0) {
                $0 + Double(metric[row * length + $1]) * difference[$1]
              }
              return sum + value * value
            }
          }
          return ((squares.min() ?? 0) / Double(length)).squareRoot()
        }
      }
    }
  }

  /// How likely it is that the sound with this embedding [D] is of one of the classes, from 0 to 1.
  package func callAsFunction(_ embedding: Tensor) -> Float {
    Float(1 / (1 + exp(-(settings.weight * distance(of: embedding) + settings.bias))))
  }
}
