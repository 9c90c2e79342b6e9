import Foundation
import PIQAudio
import PIQPipeline
package import PIQPlotting

/// The pictures of a clip: three panels with a moving playhead, else the figure that `piq-audio
/// interpret` drew.
package enum ClipPictures {
  case panels(InterpretationPanels)
  case figure([UInt8])

  /// Draws the arrays of `clip`, or reads its figure.
  ///
  /// - Returns: the pictures, if any, and the errors of files that could not be used.
  static func load(_ clip: ClipResult) -> (pictures: ClipPictures?, errors: [any Error]) {
    var errors: [any Error] = []
    if let path = clip.file(".interpretation.npz") {
      do {
        return (.panels(try panels(path, clip)), [])
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

  private static func panels(_ path: String, _ clip: ClipResult) throws -> InterpretationPanels {
    guard let stft = clip.report.stft else {
      throw Failure(
        .fileMalformed, path: clip.path,
        problem: "is of a version that did not write the hop length: its arrays have no time",
        remedy: "interpret the clip again")
    }
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
    do throws(Failure) {
      return try InterpretationPanels(
        input: input, mask: mask, interpretation: interpretation, sampleRate: stft.sampleRate,
        hopLength: stft.hopLength, nFFT: 2 * (input.shape[1] - 1))
    } catch {
      throw error.naming(path)
    }
  }
}
