import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

struct EncoderTests {
  /// Around every place where another row is kept, or none.
  @Test(arguments: [
    16, 17, 18, 19, 20, 24, 31, 47, 48, 62, 63, 64, 78, 79, 80, 95, 96, 111, 127, 143, 431,
  ])
  func extendingEqualsEncodingTheWholePaddedClip(frames: Int) throws {
    let initializer = Initializer(seed: 5)
    let encoder = ConvolutionalEncoder(dim: 8, using: initializer)
    let x = initializer.uniform([1, frames, 33], bound: 1)
    let padded = (frames + 31) / 32 * 32
    let whole = Tensor(
      shape: [1, padded, 33], x.elements + [Float](repeating: 0, count: (padded - frames) * 33))
    let expected = try encoder(whole, mode: .evaluation)
    let clip = try encoder.encode(x)
    #expect(clip.hidden == (try encoder(x, mode: .evaluation)))
    let difference = TensorDifference(try encoder.extend(clip, to: padded), expected)
    #expect(difference.relative < 1e-6, "\(difference)")
  }
}
