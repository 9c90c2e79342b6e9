import Glibc
import PIQ
import PIQNeuralNetwork
import PIQTensor

/// Makes masks in one of the ways that are compared.
struct Explainer {
  let interpreter: Interpreter
  let method: ExplanationMethod
  let seed: UInt64
  let steps: Int

  /// The standard deviation of SmoothGrad's noise, as a part of the range of the spectrogram.
  private static let smoothingNoise: Float = 0.15

  /// The mask [T', F] for the likeliest class, 0 to 1, over the T' frames that SpeechBrain's
  /// decoder covers, whatever the method; over all of a clip that is too short for it.
  ///
  /// - Parameter index: tells the clips of a run apart.
  func mask(for analysis: Analysis, index: Int) throws -> Tensor {
    let (logPower, label) = (analysis.logPower, analysis.classification.index)
    let covered = interpreter.croppedFrames(of: logPower.shape[0])
    let shape = [covered, logPower.shape[1]]
    switch method {
    case .interpreter:
      // Where cropping takes nothing away the clip may be too short to be cropped.
      let tail: Tail = covered == logPower.shape[0] ? .keep : .crop
      return try interpreter.interpret(analysis, tail: tail).mask
    case .ones:
      return Tensor(shape: shape, repeating: 1)
    case .random:
      var stream = RandomStream(seed: seed, .masks, index: index)
      return Tensor(shape: shape) { mask in for i in mask.indices { mask[i] = stream.unit() } }
    case .saliency:
      let gradient = try interpreter.gradient(of: label, at: logPower).forSpectrogram()
      return scaled(gradient.rows(0..<covered))
    case .smoothGrad:
      return scaled(try smoothed(label, logPower, index).rows(0..<covered))
    case .integratedGradients:
      return scaled(try integrated(label, logPower).rows(0..<covered))
    case .gradCAM:
      let gradient = try interpreter.gradient(of: label, at: logPower)
      return scaled(activationMap(gradient, shape: shape))
    }
  }

  /// The sum of the gradients of noisy copies.
  private func smoothed(_ label: Int, _ logPower: Tensor, _ index: Int) throws -> Tensor {
    var stream = RandomStream(seed: seed, .smoothing, index: index)
    let elements = logPower.elements
    let range = (elements.max() ?? 0) - (elements.min() ?? 0)
    var total = Tensor(shape: logPower.shape)
    for _ in 0..<steps {
      let noise = stream.normal(elements.count)
      let noisy = zip(elements, noise).map { $0 + $1 * Self.smoothingNoise * range }
      let copy = Tensor(shape: logPower.shape, noisy)
      total = sum(total, try interpreter.gradient(of: label, at: copy).forSpectrogram())
    }
    return total
  }

  /// The spectrogram times the sum of the gradients on the way from silence to it.
  private func integrated(_ label: Int, _ logPower: Tensor) throws -> Tensor {
    let elements = logPower.elements
    var total = Tensor(shape: logPower.shape)
    for step in 0..<steps {
      // The midpoint rule.
      let share = (Float(step) + 0.5) / Float(steps)
      let point = Tensor(shape: logPower.shape, elements.map { $0 * share })
      total = sum(total, try interpreter.gradient(of: label, at: point).forSpectrogram())
    }
    return Tensor(shape: logPower.shape, zip(elements, total.elements).map { $0 * $1 })
  }
}

/// The absolute values over the largest of them.
private func scaled(_ saliency: Tensor) -> Tensor {
  let magnitudes = saliency.elements.map { abs($0) }
  let largest = magnitudes.max() ?? 0
  return Tensor(
    shape: saliency.shape, largest > 0 ? magnitudes.map { $0 / largest } : magnitudes)
}

/// Grad-CAM's map: the positive part of the channels' sum, each weighted by its mean gradient,
/// enlarged bilinearly to `shape`.
private func activationMap(_ gradient: ClassGradient, shape: [Int]) -> Tensor {
  let (rows, columns, channels) = (
    gradient.hidden.shape[0], gradient.hidden.shape[1], gradient.hidden.shape[2]
  )
  let weights = spatialMean(gradient.hiddenGradient.reshaped([1, rows, columns, channels])).elements
  let hidden = gradient.hidden.elements
  let map = (0..<rows * columns).map { position in
    max(0, (0..<channels).reduce(Float(0)) { $0 + weights[$1] * hidden[position * channels + $1] })
  }
  /// Which two cells a pixel lies between, and how far from the first; cells count from their
  /// middle.
  func neighbours(_ i: Int, of cells: Int) -> (Int, Int, Float) {
    let stride = Float(ConvolutionalEncoder.stride)
    let position = min(max((Float(i) + 0.5) / stride - 0.5, 0), Float(cells - 1))
    return (Int(position), min(Int(position) + 1, cells - 1), position - position.rounded(.down))
  }
  return Tensor(shape: shape) { result in
    for t in 0..<shape[0] {
      let (top, bottom, down) = neighbours(t, of: rows)
      for f in 0..<shape[1] {
        let (left, right, across) = neighbours(f, of: columns)
        func line(_ row: Int) -> Float {
          map[row * columns + left] * (1 - across) + map[row * columns + right] * across
        }
        result[t * shape[1] + f] = line(top) * (1 - down) + line(bottom) * down
      }
    }
  }
}
