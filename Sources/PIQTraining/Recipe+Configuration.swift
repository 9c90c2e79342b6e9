public import PIQAudio

extension ClassifierRecipe {
  /// The configuration of the model that this recipe trains.
  ///
  /// - Parameters:
  ///   - name: the model's name.
  ///   - labels: the names of the classes, by index.
  ///   - pretrained: the model whose encoder the training begins with; its encoder and front end
  ///     replace those of the recipe.
  ///   - teacher: the model that it learns from.
  /// - Throws: `Failure` when the settings give no network.
  public func configuration(
    name: String, labels: [String], pretrained: ModelConfiguration? = nil,
    teacher: ModelConfiguration? = nil
  ) throws(Failure) -> ModelConfiguration {
    do {
      let encoder =
        try pretrained?.embeddingModel
        ?? EncoderConfiguration(
          className: network.encoder, channels: network.dim, depths: network.depths)
      var configuration = ModelConfiguration(
        name: name,
        stft: try pretrained?.stft
          ?? STFTConfiguration(
            sampleRate: network.sampleRate, nFFT: network.nFFT,
            hopMilliseconds: network.hopLength, windowMilliseconds: network.windowLength),
        normalize: pretrained?.normalize ?? network.normalize,
        embeddingModel: encoder,
        classifier: .init(
          inputSize: try encoder.known().channels, blockCount: network.blockCount,
          blockSize: network.blockSize, classCount: labels.count),
        labels: labels, logitScale: network.logitScale,
        training: (pretrained.map {
          "encoder of \($0.name) (\($0.training ?? "of unknown origin")); "
        } ?? "")
          + "trained by piq-audio, seed \(seed)"
          + (teacher.map {
            "; taught by \($0.name) (\($0.training ?? "of unknown origin"), licence "
              + "\($0.licence ?? "unknown"))"
          } ?? ""),
        licence: pretrained?.licence)
      configuration.clips = pretrained?.clips
      configuration.attribution = pretrained?.attribution ?? []
      try configuration.validate()
      if pretrained == nil {
        // Its interpreter is to be trained next.
        try encoder.known().validateDecoding(bins: configuration.stft.bins)
      }
      return configuration
    } catch {
      throw Failure(
        .settingInvalid, problem: "\(error)", remedy: "change the settings of the network",
        underlying: error)
    }
  }
}

extension InterpreterRecipe {
  /// The configuration of the classifier's model with an interpreter that this recipe trains.
  ///
  /// - Throws: `Failure` when the settings give no network, or leave a class without a key.
  public func configuration(
    explaining classifier: ModelConfiguration, name: String
  ) throws(Failure) -> ModelConfiguration {
    let classCount = classifier.labels.count
    if network.classPartitioning {
      let partition: ClassPartition
      do throws(PIQError) {
        partition = try ClassPartition(
          keyCount: network.keyCount, classCount: classCount, sharedKeys: network.sharedKeys)
      } catch {
        throw Failure(
          .settingInvalid, problem: "\(error)", remedy: "change K or shared_keys", underlying: error
        )
      }
      let keys = 0..<network.keyCount
      let without = (0..<classCount).first { label in
        !keys.contains { partition.isRelevant(key: $0, label: label, mode: .training) }
      }
      if let without {
        throw Failure(
          .tooFewKeys,
          problem: "\(network.keyCount) keys leave the class "
            + "\(classifier.labels[without].debugDescription) of \(classCount) without one",
          remedy: "give at least \(classCount + network.sharedKeys); 1024 is usual")
      }
    }
    var configuration = classifier
    configuration.name = name
    // Those of another interpreter.
    configuration.figures[InterpreterTask.name] = nil
    configuration.useVQ = true
    configuration.useMaskOutput = true
    configuration.maskThreshold = objective.maskThreshold
    configuration.training =
      "classifier \(classifier.training ?? "of unknown origin"); "
      + "interpreter trained by piq-audio, seed \(seed)"
    do throws(PIQError) {
      let (encoder, _) = try classifier.ownClassifier
      guard let className = type(of: encoder).interpreterClassName else {
        throw PIQError.configuration("no interpreter decodes \(type(of: encoder).className)")
      }
      configuration.psi = VectorQuantizedPSI.Settings(
        className: className, dim: encoder.channels,
        keyCount: network.keyCount, classCount: classCount,
        classPartitioning: network.classPartitioning, sharedKeys: network.sharedKeys,
        usesAdapter: network.usesAdapter, reducesDim: network.reducesDim)
      try configuration.validate()
    } catch {
      throw Failure(
        .settingInvalid, problem: "\(error)", remedy: "change the settings of the network",
        underlying: error)
    }
    return configuration
  }
}
