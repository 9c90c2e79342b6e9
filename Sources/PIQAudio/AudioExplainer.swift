public import PIQAudioIO
public import PIQClassifiers
public import PIQExplanations
public import PIQKernels
public import PIQModels
import PIQPlatform

/// Explains sound files: the predicted class, and the parts that the prediction rests on.
///
///     let explainer = try AudioExplainer(model: "Fixtures/models/esc10")
///     let explanation = try explainer.explain("clip.wav")
///     try explanation.sound.write(to: "heard.wav")
///
/// Several threads may share one.
public struct AudioExplainer: Sendable {
  /// The model whose decisions are explained.
  public let model: Model
  private let explainer: any Explainer

  /// Loads a model.
  ///
  /// - Parameters:
  ///   - path: a model folder.
  ///   - method: the explanation method; the standard one of the model if nil.
  ///   - settings: the settings of methods that have some.
  ///   - precision: the precision of the decoder's products.
  /// - Throws: `Failure` when the model cannot be loaded or lacks what the method needs.
  public init(
    model path: String, method: ExplanationMethod? = nil,
    settings: ExplainerSettings = ExplainerSettings(), precision: PrecisionChoice = .float32
  ) throws {
    model = try Model(path: path, precision: precision)
    explainer = try Failure.naming(path) { [model] in
      try (method ?? .standard(for: model.interpreter))
        .makeExplainer(for: model.interpreter, settings)
    }
  }

  /// Explains the classification of a sound file as a class.
  ///
  /// - Parameters:
  ///   - path: a sound file of any format that is read, of any rate and number of channels.
  ///   - className: the class to explain; the likeliest if nil.
  ///   - channel: the channel to explain, from 1; the mean of all if nil.
  /// - Throws: `SoundFileError`; `Failure` naming the file when the model cannot take it or has no
  ///   such class.
  public func explain(
    _ path: String, as className: String? = nil, channel: Int? = nil
  ) throws -> AudioExplanation {
    let configuration = model.configuration
    let interpreter = model.interpreter
    let clip = try interpreter.resampled(interpreter.read(path, channel: channel), path: path)
    return try Failure.naming(path) {
      let classIndex = try className.map { name in
        guard let index = configuration.labels.firstIndex(of: name) else {
          throw Failure(
            .unknownClass, problem: "cannot be explained as \(name), which the model does not know",
            remedy: "name one of \(configuration.labels.joined(separator: ", "))")
        }
        return index
      }
      let analysis = try interpreter.analyze(clip.samples)
      let interpretation = try interpreter.interpret(analysis, as: classIndex, by: explainer)
      return AudioExplanation(
        className: configuration.labels[interpretation.classIndex],
        probability: analysis.classification.probabilities[interpretation.classIndex],
        classification: analysis.classification, interpretation: interpretation,
        sound: Recording(samples: interpretation.audio, sampleRate: clip.sampleRate))
    }
  }
}

/// The parts of a sound that are relevant to a class.
public struct AudioExplanation: Sendable {
  /// The class that is explained.
  public let className: String
  /// Its probability, 0 to 1.
  public let probability: Float
  /// The logits and probabilities of all classes.
  public let classification: Classification
  /// The mask, the masked spectrogram and the codes.
  public let interpretation: Interpretation
  /// The masked sound: mono, at the model's rate and the clip's own level.
  public let sound: Recording
}
