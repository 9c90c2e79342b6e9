public import PIQAudio

extension Recipe {
  /// Checks that the settings are valid, for any data.
  ///
  /// - Throws: `Failure` naming the first setting that does not.
  public func validate() throws(Failure) {
    let (o, d, a) = (optimization, data, augmentation)
    let checks: [(Bool, String)] = [
      (o.epochs >= 1, "epochs is \(o.epochs); at least 1 is needed"),
      (o.batchSize >= 1, "batch_size is \(o.batchSize); at least 1 is needed"),
      (
        o.learningRate > 0 && o.learningRate.isFinite,
        "learning_rate is \(o.learningRate); it must be positive"
      ),
      (
        o.weightDecay >= 0 && o.weightDecay.isFinite,
        "weight_decay is \(o.weightDecay); it must be 0 or more"
      ),
      ((0...1).contains(o.warmUp), "warm_up is \(o.warmUp); it must be from 0 to 1"),
      (o.cycleSteps >= 1, "cycle_steps is \(o.cycleSteps); at least 1 is needed"),
      (o.patience >= 0, "patience is \(o.patience); it must be 0 or more"),
      (
        o.gradientNorm >= 0 && o.gradientNorm.isFinite,
        "gradient_norm is \(o.gradientNorm); it must be 0 or more"
      ),
      (
        (0..<1).contains(o.averageDecay),
        "average_decay is \(o.averageDecay); it must be from 0 to below 1"
      ),
      (o.validateEvery >= 1, "validate_every is \(o.validateEvery); at least 1 is needed"),
      (
        o.precision.named?.isNative ?? true,
        "precision is bf16, which this CPU does not multiply by itself; f32 is faster on it"
      ),
      (
        (0..<1).contains(d.validFraction) && (0..<1).contains(d.testFraction)
          && d.validFraction + d.testFraction < 1,
        "valid_fraction \(d.validFraction) and test_fraction \(d.testFraction) leave nothing to "
          + "train on"
      ),
      (
        (0...3600).contains(d.cropSeconds),
        "crop_seconds is \(d.cropSeconds); it must be from 0 to 3600"
      ),
      ((0...1024).contains(d.channel), "channel is \(d.channel); it must be from 0 to 1024"),
      ((0...60).contains(a.gain), "gain is \(a.gain); it must be from 0 to 60 dB"),
      ((0...120).contains(a.noise), "noise is \(a.noise); it must be from 0 to 120 dB"),
      ((0...0.5).contains(a.speed), "speed is \(a.speed); it must be from 0 to 0.5"),
      ((0...40).contains(a.equalizer), "equalizer is \(a.equalizer); it must be from 0 to 40 dB"),
      ((0...1).contains(a.mixup), "mixup is \(a.mixup); it must be from 0 to 1"),
      (
        [a.timeMasks, a.timeMaskFrames, a.frequencyMasks, a.frequencyMaskBins]
          .allSatisfy { (0...10_000).contains($0) },
        "the numbers and sizes of masks must be from 0 to 10000"
      ),
    ]
    if let (_, problem) = checks.first(where: { !$0.0 }) { throw Self.refusal(problem) }
    if let ownProblem { throw Self.refusal(ownProblem) }
  }

  private static func refusal(_ problem: String) -> Failure {
    Failure(.settingInvalid, problem: problem, remedy: "change the setting")
  }
}
