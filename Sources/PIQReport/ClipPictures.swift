import Foundation
import PIQCheckpoints
import PIQPipeline
import PIQPlatform
package import PIQPlotting
import PIQTensor

/// How a clip is shown: as three panels that a playhead can move over, else as the figure that
/// `piq-audio interpret` drew.
package enum ClipPictures {
  case panels(InterpretationPanels)
  case figure([UInt8])

  /// Draws the arrays of `clip`, or reads its figure.
  ///
  /// - Parameter sampleRate: of the model, in hertz; nil where no sound tells.
  /// - Returns: the pictures, where there are any, and what is there and could not be used.
  static func load(
    _ clip: ClipResult, sampleRate: Int?
  ) -> (pictures: ClipPictures?, errors: [any Error]) {
    var errors: [any Error] = []
    if let path = clip.file(".interpretation.npz") {
      do {
        return (.panels(try panels(path, clip, sampleRate)), [])
      } catch {
        errors.append(error)
      }
    }
    if let path = clip.file(".interpretation.png") {
      do {
        let bytes = try FileContents(path: path).withBytes { [UInt8]($0) }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return (.figure(bytes), errors) }
        throw Failure(
          .fileMalformed, path: path, problem: "is not a PNG file",
          remedy: "interpret the clip again")
      } catch {
        errors.append(error)
      }
    }
    return (nil, errors)
  }

  private static func panels(
    _ path: String, _ clip: ClipResult, _ sampleRate: Int?
  ) throws -> InterpretationPanels {
    let arrays = try NPZ.read(path: path)
    func grid(_ name: String) throws -> Tensor {
      guard case .float32(let tensor)? = arrays[name], tensor.shape.count == 2,
        tensor.shape[0] > 0, tensor.shape[1] > 1
      else {
        throw Failure(
          .fileMalformed, path: path, problem: "has no array '\(name)' of frames and bins",
          remedy: "interpret the clip again")
      }
      return tensor
    }
    let (input, mask) = (try grid("logspec"), try grid("mask"))
    let interpretation = try grid("interpretation")
    let samples = arrays["audio"]?.shape.first ?? 0
    // Without a sound file: what makes that many samples of the clip's seconds.
    let counted = Double(samples) / max(clip.report.duration, 0.001)
    let rate = sampleRate ?? max(1, Int(min(counted, 1e9).rounded()))
    do throws(Failure) {
      return try InterpretationPanels(
        input: input, mask: mask, interpretation: interpretation, sampleRate: rate,
        hopLength: hopLength(
          frames: mask.shape[0], samples: samples, isCropped: mask.shape[0] < input.shape[0]),
        nFFT: 2 * (input.shape[1] - 1))
    } catch {
      throw error.naming(path)
    }
  }

  /// The samples from frame to frame, which no file tells: T frames centred on multiples of the hop
  /// come of (T - 1) to T hops of samples. Of the whole numbers in between, which are few in a clip
  /// of some seconds, the middle one is off by less than half a frame at the clip's end.
  ///
  /// - Parameter isCropped: whether the samples end with the last frame, as SpeechBrain's do.
  package static func hopLength(frames: Int, samples: Int, isCropped: Bool) -> Int {
    guard frames > 1, samples >= frames else { return max(1, samples) }
    let most = samples / (frames - 1)
    if isCropped { return most }
    let middle = Int((Double(samples) / (Double(frames) - 0.5)).rounded())
    return min(max(middle, samples / frames + 1), most)
  }
}
