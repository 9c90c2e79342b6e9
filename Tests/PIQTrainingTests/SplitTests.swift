import PIQDatasets
import PIQPlatform
import PIQTraining
import TestSupport
import Testing

@Suite struct SplitTests {
  private let folder = try? TemporaryFolder()

  private func data(_ rows: [String], header: String = "filename,fold,category") throws -> Dataset {
    let folder = try #require(folder)
    for row in rows {
      _ = try folder.write("", to: String(row.prefix { $0 != "," }))
    }
    return try Dataset(
      path: folder.write(([header] + rows).joined(separator: "\n"), to: "clips.csv"))
  }

  private var folds: [String] {
    (0..<12).map { "\($0).wav,\($0 / 4 + 1),\($0 % 2 == 0 ? "a" : "b")" }
  }

  @Test func highestFoldChooses() throws {
    let split = try Split(try data(folds), DataSettings(), seed: 1)
    #expect(split.train.map(\.fold) == [1, 1, 1, 1, 2, 2, 2, 2])
    #expect(split.valid.map(\.fold) == [3, 3, 3, 3])
    #expect(split.test.isEmpty)
    #expect(split.categories == ["a", "b"])
  }

  @Test func foldsAsAskedFor() throws {
    var settings = DataSettings()
    (settings.trainFolds, settings.testFolds) = ([3], [1])
    let split = try Split(try data(folds), settings, seed: 1)
    #expect(Set(split.train.map(\.fold)) == [3])
    #expect(Set(split.valid.map(\.fold)) == [2])
    #expect(Set(split.test.map(\.fold)) == [1])
  }

  @Test func partsOfEachClass() throws {
    let rows = (0..<30).map { "\($0).wav,\($0 < 20 ? "a" : "b")" }
    var settings = DataSettings()
    (settings.validFraction, settings.testFraction) = (0.2, 0.1)
    let clips = try data(rows, header: "filename,category")
    let split = try Split(clips, settings, seed: 1)
    func counts(_ clips: [Dataset.Clip]) -> [Int] {
      ["a", "b"].map { name in clips.count { $0.category == name } }
    }
    #expect(counts(split.train) == [14, 7])
    #expect(counts(split.valid) == [4, 2])
    #expect(counts(split.test) == [2, 1])
    let all = (split.train + split.valid + split.test).map(\.name)
    #expect(Set(all).count == 30 && all.count == 30)
    #expect(try Split(clips, settings, seed: 1).valid == split.valid)
    #expect(try Split(clips, settings, seed: 2).valid != split.valid)
  }

  @Test(
    arguments: [
      ([1], [1], [], "serve twice"), ([9], [1], [], "no clips in fold 9"),
      ([1, 2], [3], [5], "no clips in fold 5"), ([], [1, 2, 3], [], "no clips to train on"),
    ] as [([Int], [Int], [Int], String)])
  func refusals(train: [Int], valid: [Int], test: [Int], words: String) throws {
    var settings = DataSettings()
    (settings.trainFolds, settings.validFolds, settings.testFolds) = (train, valid, test)
    let clips = try data(folds)
    let error = #expect(throws: Failure.self) { try Split(clips, settings, seed: 1) }
    #expect(error?.problem.contains(words) == true, "\(String(describing: error))")
  }

  @Test func classWithoutClipsToTrainOn() throws {
    let clips = try data(folds + ["c.wav,3,c"])
    let error = #expect(throws: Failure.self) { try Split(clips, DataSettings(), seed: 1) }
    #expect(error?.problem.contains(#"the class "c" has no clips to train on"#) == true)
    let single = try data(["1.wav,1,a", "2.wav,1,b"])
    #expect(throws: Failure.self) { try Split(single, DataSettings(), seed: 1) }
  }
}
