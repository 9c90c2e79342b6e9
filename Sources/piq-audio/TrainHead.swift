import ArgumentParser
import PIQAudio
import PIQTraining

extension Train.Classifier {
  /// Trains a head on the embeddings of an imported network.
  func trainHead(on folder: String, _ terminal: Terminal) throws {
    let recipe = try settings.recipe(HeadRecipe(), from: arguments.recipe) { _ in }
    if try arguments.printed(recipe, terminal) { return }
    let model = try Model(path: folder)
    let backbone = try Backbone(model)
    var session = try TrainingSession(arguments, recipe, terminal, HeadTask.self)
    let configuration = try recipe.configuration(
      name: session.modelName, labels: session.split.categories, backbone: model.configuration,
      embeddingLength: backbone.embeddingLength)
    let (train, valid, test) = try session.load(configuration)
    let task = try HeadTask(
      configuration, session.recipe, backbone: backbone, train: train, valid: valid
    ) { finished, total in
      if Interruption.signal != 0 { throw ExitCode(128 + Interruption.signal) }
      terminal.progress("embedding [\(finished + 1)/\(total)]")
    }
    terminal.clearProgress()
    // The model in the output folder needs it from its first epoch on.
    try model.copyNetwork(to: arguments.output ?? "")
    try session.run(task, inputs: [model.sha256, model.settingsSHA256]) { model, progress in
      try test.map { try ClassifierTask.measure(model.interpreter, $0, progress: progress) }
    }
  }
}
