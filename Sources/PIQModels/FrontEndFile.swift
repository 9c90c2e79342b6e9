import Foundation
import PIQCheckpoints
import PIQClassifiers
package import PIQPlatform
import PIQSpectral

/// What a file says of how sound is prepared for a network: a `preprocessor_config.json` of Hugging Face,
/// or a JSON object with the parameters of a mel spectrogram under the names of model.json.
package struct FrontEndFile {
  var sampleRate: Int?
  var input: NetworkConfiguration.Input?
  var mel: MelConfiguration?
  var gain: NetworkConfiguration.Gain?
  /// Whether frames behind a sound's end are 0 before they are normalised, rather than those of silence.
  var padsFrames = false

  /// The name of Hugging Face's file.
  static let usualName = "preprocessor_config.json"

  /// Reads the file at `path`.
  ///
  /// - Throws: `Failure` when it is of neither kind, or names a preparation that is not known.
  package init(path: String) throws(Failure) {
    let file = try FileContents(path: path, atMost: 1 << 20, problem: "is too large for settings")
    let object = file.withBytes { try? JSONSerialization.jsonObject(with: Data($0)) }
    guard let object = object as? [String: Any] else {
      throw Failure(
        .fileMalformed, path: path, problem: "is no JSON object", remedy: "name another file")
    }
    if let name = object["feature_extractor_type"] as? String {
      try readExtractor(name, object, path)
    } else {
      try readMel(object, file, path)
    }
  }

  /// Feature extractors of transformers.
  private mutating func readExtractor(
    _ name: String, _ object: [String: Any], _ path: String
  ) throws(Failure) {
    sampleRate = object["sampling_rate"] as? Int
    let isNormalized = object["do_normalize"] as? Bool ?? true
    switch name {
    case "Wav2Vec2FeatureExtractor":
      input = .waveform
      gain = isNormalized ? .standardize : NetworkConfiguration.Gain.none
    case "ASTFeatureExtractor":
      input = .logMel
      padsFrames = true
      // Kaldi's filter banks with the defaults of torchaudio.
      var mel = MelConfiguration()
      (mel.nFFT, mel.hopLength, mel.windowLength) = (512, 160, 400)
      (mel.window, mel.padding, mel.scale) = (.symmetricHann, .none, .kaldi)
      mel.melCount = object["num_mel_bins"] as? Int ?? 128
      (mel.lowest, mel.preemphasis, mel.removesMean) = (20, 0.97, true)
      (mel.logarithm, mel.logFloor) = (.ln, Double(Float.ulpOfOne))
      if isNormalized {
        mel.mean = object["mean"] as? Double ?? -4.2677393
        mel.deviation = 2 * (object["std"] as? Double ?? 4.5689974)
      }
      self.mel = mel
    default:
      throw Failure(
        .fileMalformed, path: path,
        problem: "asks for \(name.debugDescription), which is not known here",
        remedy: "describe the mel spectrogram in a file with the names that model.json uses")
    }
  }

  private mutating func readMel(
    _ object: [String: Any], _ file: FileContents, _ path: String
  ) throws(Failure) {
    if let other = object.keys.sorted().first(where: { !MelConfiguration.names.contains($0) }) {
      throw Failure(
        .fileMalformed, path: path, problem: "has the unknown key \(other.debugDescription)",
        remedy: "use " + MelConfiguration.names.sorted().joined(separator: ", "))
    }
    do {
      mel = try file.withBytes { try JSON.decode(MelConfiguration.self, from: $0) }
    } catch {
      throw Failure(
        .fileMalformed, path: path,
        problem: (error as? DecodingError)?.inWords ?? "holds a number that fits no setting",
        remedy: "correct it")
    }
    input = mel?.logarithm == MelConfiguration.Logarithm.none ? .mel : .logMel
  }
}
