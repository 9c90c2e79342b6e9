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
    func inputs(of fold: CrossValidation.Fold?) -> [String] {
      [model.sha256, model.settingsSHA256]
    }
    try arguments.run(
      recipe, terminal, HeadTask.self, inputs: inputs,
      calibrating: knownCalibration(seed: recipe.seed)
    ) { session in
      var configuration = try session.recipe.configuration(
        name: session.modelName, labels: session.split.categories, backbone: model.configuration,
        embeddingLength: backbone.embeddingLength)
      let clips = try session.load(&configuration)
      let task = try HeadTask(
        configuration, session.recipe, backbone: backbone, train: clips.train, valid: clips.valid,
        known: session.part.known
      ) { finished, total in
        try checkForSignal()
        terminal.progress("embedding [\(finished + 1)/\(total)]")
      }
      terminal.clearProgress()
      // The model in the output folder needs it from its first epoch on.
      try model.copyNetwork(to: session.folder)
      return try session.run(task)
    }
  }
}
