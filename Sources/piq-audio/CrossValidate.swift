import ArgumentParser
import Foundation
import PIQAudio
import PIQDatasets
import PIQEvaluation
import PIQTraining

extension TrainingArguments {
  /// The files of a training in the output folder.
  func files<Task: TrainingTask>(of task: Task.Type) -> TrainingFiles {
    TrainingFiles(folder: output ?? "", name: task.name, dtype: dtype.tensorType)
  }

  /// Runs the training that is asked for: one, or those of a cross-validation and one on all clips.
  ///
  /// - Parameters:
  ///   - inputs: hashes of the models that the training of a fold begins with, or of another one if nil.
  ///   - calibrate: how the models of trainings without some classes tell what is known; nil where nobody
  ///     asked for it.
  ///   - train: runs one training.
  func run<Task: TrainingTask, R: Recipe>(
    _ recipe: R, _ terminal: Terminal, _ task: Task.Type,
    inputs: (_ fold: CrossValidation.Fold?) throws -> [String],
    calibrating calibrate: (
      ([(division: LeftOutClasses, outcomes: [Task.Outcome])]) throws -> KnownCalibration
    )? = nil,
    train: (inout TrainingSession<Task, R>) throws -> TrainingSession<Task, R>.Finished
  ) throws {
    let asked = recipe.data
    guard !crossValidate || (asked.trainFolds + asked.validFolds + asked.testFolds).isEmpty else {
      throw Failure(
        .settingInvalid, problem: "a cross-validation divides the folds itself",
        remedy: "name no folds for training, validation and test")
    }
    let files = files(of: task)
    if !force && !resume { try files.checkAreFree() }
    let path = data ?? ""
    // Folds that are not used need not exist.
    let data = try Dataset(path: path, audioFolder: sounds.audioDir)
    if let remark = data.remark { terminal.warn("\(printable(path)): \(remark)") }
    func run(
      _ part: TrainingPart
    ) throws -> TrainingSession<Task, R>.Finished {
      var session = try TrainingSession(
        self, recipe, terminal, task, data, inputs: inputs(part.fold), part)
      return try session.earlierResult() ?? train(&session)
    }
    guard crossValidate else {
      if force { try files.removeParts() }
      _ = try run(.asked)
      return
    }
    let folds = try CrossValidation(data, recipe.data, seed: recipe.seed).folds
    let divisions =
      calibrate == nil ? [] : try LeftOutClasses.divisions(of: data, seed: recipe.seed)
    if force { try files.removeParts() }
    let result = CrossValidationResult<Task>(
      try folds.map { fold in
        let finished = try run(.fold(fold))
        return FoldResult(fold, epoch: finished.epoch, outcomes: finished.outcomes ?? [])
      })
    try files.write(result)
    if json {
      try terminal.print(JSON.line(["cross_validation": result]))
    } else {
      try terminal.say(text(result))
    }
    let end = TrainingEnd(
      epoch: result.epoch, validation: Task.validation(pooling: result.pooled))
    var figures = [task.name: result.measured]
    let known = try calibrate.map { calibrate in
      let calibration = try calibrate(
        try divisions.map { ($0, try run(.leftOut($0, end)).outcomes ?? []) })
      try files.write(calibration)
      figures["known"] = calibration.measured
      let area = calibration.areaUnderROC
      if json {
        try terminal.print(JSON.line(["known": calibration]))
      } else {
        try terminal.say(
          String(
            format: "known against left out: AUC %.3f (%.3f to %.3f)", area.value,
            area.interval.lowerBound, area.interval.upperBound))
      }
      return calibration.settings
    }
    _ = try run(.all(end, known: known, figures: figures))
  }

  /// A row for each fold, and one for all.
  private func text<Task: TrainingTask>(_ result: CrossValidationResult<Task>) -> String {
    let names = Task.figures
    func row(_ title: String, _ epoch: String, _ values: [Double]) -> String {
      title.aligned(left: 8) + epoch.aligned(right: 7)
        + zip(names, values).map { name, value in
          String(format: "%.4g", value).aligned(right: max(name.count, 8) + 2)
        }.joined()
    }
    let pooled = result.figures(seed: 0)
    func values(_ value: (Estimate) -> Double) -> [Double] {
      names.map { pooled[$0].map(value) ?? .nan }
    }
    let header =
      "fold".aligned(left: 8) + "epoch".aligned(right: 7)
      + names.map { $0.aligned(right: max($0.count, 8) + 2) }.joined()
    let rows = result.folds.map { fold in
      let figures = result.figures(fold)
      return row("\(fold.fold.test)", "\(fold.epoch)", names.map { figures[$0] ?? .nan })
    }
    return
      ([header] + rows + [
        row("pooled", "\(result.epoch)", values(\.value)),
        row("from", "", values(\.interval.lowerBound)),
        row("to", "", values(\.interval.upperBound)),
        "Each clip is measured by a model that it neither trained nor chose. From, to: 95 % "
          + "bootstrap intervals.",
      ]).joined(separator: "\n")
  }
}
