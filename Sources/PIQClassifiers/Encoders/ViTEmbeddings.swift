import PIQKernels
import PIQNeuralNetwork
import PIQTensor

/// The tokens of an image (`ViTEmbeddings` of transformers): one for the class, one for each patch,
/// each with a vector for its position added.
final class ViTEmbeddings: Layer {
  /// [1, 1, D]; `cls_token` in the state dict.
  private let classToken: Parameter
  /// [1, N, D]; `position_embeddings` in the state dict.
  private let positions: Parameter
  private let patches: PatchEmbedding

  /// Tokens of the sizes that `settings` give.
  init(_ settings: ViTEncoder.Settings, using initializer: Initializer) {
    let (channels, side) = (settings.hiddenSize, settings.gridSide)
    classToken = Parameter(initializer.uniform([1, 1, channels], bound: 0.02))
    positions = Parameter(initializer.uniform([1, 1 + side * side, channels], bound: 0.02))
    patches = PatchEmbedding(
      SpectrogramImage.channels, channels, patch: settings.patchSize, using: initializer)
  }

  var state: [(name: String, parameter: Parameter)] {
    [("cls_token", classToken), ("position_embeddings", positions)]
      + patches.state(under: "patch_embeddings")
  }

  /// Maps images [B, S, S, 3] to tokens [B, N, D], N = 1 + (S / P)², that of the class first.
  func callAsFunction(_ image: Tensor) throws -> Tensor { tokens(try patches(image)) }

  /// The tokens with their pullback; the parameters' gradients accumulate.
  func differentiated(_ image: Tensor, needsInputGradient: Bool) throws -> Differentiated {
    let map = try patches.differentiated(image, needsInputGradient: needsInputGradient)
    let shape = map.value.shape
    return Differentiated(tokens(map.value)) { [self] gradient in
      if positions.needsGradient { positions.accumulate(total(gradient)) }
      if classToken.needsGradient { classToken.accumulate(total(gradient).firstRow) }
      return try map.pullback(gradient.patchTokens(shape: shape))
    }
  }

  private func tokens(_ map: Tensor) -> Tensor {
    let (count, channels) = (map.shape[1] * map.shape[2], map.shape[3])
    let clips = (0..<map.shape[0]).map { clip in
      let patches = map.rows(clip..<clip + 1).reshaped([count, channels])
      let token = classToken.value.reshaped([1, channels])
      return sum(
        Tensor(concatenating: [token, patches]), positions.value.reshaped([count + 1, channels]))
    }
    return Tensor(stacking: clips)
  }

  /// The sum over the clips [N, D] of a gradient [B, N, D].
  private func total(_ gradient: Tensor) -> Tensor {
    let clips = (0..<gradient.shape[0]).map {
      gradient.rows($0..<$0 + 1).reshaped(Array(gradient.shape.dropFirst()))
    }
    return clips.dropFirst().reduce(clips[0], sum)
  }
}

extension Tensor {
  fileprivate var firstRow: Tensor { rows(0..<1) }

  /// The tokens [B, N, D] of patches as maps [B, n, n, D], without that of the class.
  func patchTokens(shape: [Int]) -> Tensor {
    let channels = self.shape[2]
    let clips = (0..<self.shape[0]).map { clip in
      let tokens = rows(clip..<clip + 1).reshaped([self.shape[1], channels])
      return tokens.rows(1..<self.shape[1])
    }
    return Tensor(stacking: clips).reshaped(shape)
  }

  /// The gradient [B, N, D] of tokens from that of their maps [B, n, n, D]: none for the class.
  func withoutClassGradient(tokens: [Int]) -> Tensor {
    let (clips, channels) = (tokens[0], tokens[2])
    let parts = (0..<clips).map { clip in
      let patches = rows(clip..<clip + 1).reshaped([tokens[1] - 1, channels])
      return Tensor(concatenating: [Tensor(shape: [1, channels]), patches])
    }
    return Tensor(stacking: parts)
  }
}
