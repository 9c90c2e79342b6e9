import PIQCheckpoints
import PIQDatasets
import PIQModels
import PIQPipeline
import PIQPlatform
import PIQReport
import PIQRuns
import PIQTraining
import TestSupport

func csvTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  return { bytes in
    // What was read can be written, and is then read as before.
    if let rows = try? CSV.rows(of: bytes) {
      let text = rows.map { CSV.row($0.fields) + "\n" }.joined()
      let again = try? CSV.rows(of: text.pathBytes)
      precondition(again?.map(\.fields) == rows.map(\.fields), text)
    }
    file.replace(with: bytes)
    if let map = try? ClassMap(path: file.path) {
      precondition(map.categories.count == map.labels.count)
      precondition(map.labels.allSatisfy { !$0.isEmpty })
    }
    _ = try Dataset(path: file.path, audioFolder: Fixtures.path("clips"))
  }
}

func recipeTarget() -> FuzzTarget.Body {
  let file = FuzzFile()
  return { bytes in
    file.replace(with: bytes)
    _ = try RecipeFile.read(file.path, over: InterpreterRecipe())
  }
}

func settingsTarget() throws -> FuzzTarget.Body {
  let small = try SpeechBrainImport(path: Fixtures.path("small-speechbrain"), name: "small")
  let original = try TemporaryFolder()
  try Model.write(
    small.configuration, weights: small.weights, dtype: .float16, to: original.path)
  let folder = try FuzzFolder("model.json", beside: original.path)
  return { bytes in
    folder.replace(with: bytes)
    try withExtendedLifetime(original) { _ = try Model(path: folder.path) }
  }
}

func reportTarget() throws -> FuzzTarget.Body {
  let folder = try FuzzFolder("clip.interpretation.json", beside: nil)
  return { bytes in
    folder.replace(with: bytes)
    _ = try ClipResult(path: folder.path + "/clip.interpretation.json", in: folder.path)
  }
}

func journalTarget() throws -> FuzzTarget.Body {
  let file = FuzzFile()
  let input = ClipInput(path: "clips/rooster.ogg", stem: "rooster")
  let jobs = try RunPlan([input], suffixes: ["audio": ".wav"], folder: "out").jobs
  return { bytes in
    file.replace(with: bytes)
    let journal = try RunJournal(path: file.path, settings: "model", resuming: true)
    for job in jobs { _ = journal.report(of: job) }
  }
}
