import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import Testing

@Suite struct ClassPartitionTests {
  /// Sizes of models, small ones, and some where a step hits a half exactly.
  static let sizes = [
    (1024, 10, 0), (1024, 50, 0), (1024, 50, 24), (512, 50, 5), (40, 10, 0), (46, 10, 6),
    (10, 10, 0), (20, 3, 5), (2, 2, 0), (100, 1, 0), (65, 64, 0), (64, 64, 1),
  ]

  @Test(arguments: sizes)
  func ownersAreRunsOfAboutTheSameLength(keys: Int, classes: Int, shared: Int) throws {
    let partition = try ClassPartition(keyCount: keys, classCount: classes, sharedKeys: shared)
    #expect(partition.owners.count == keys - shared)
    #expect(zip(partition.owners, partition.owners.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(partition.owners.allSatisfy { (0..<classes).contains($0) })
    guard keys - shared >= classes else { return }
    let runs = (0..<classes).map { owner in partition.owners.count { $0 == owner } }
    // Upstream's linspace ends at classes - 0.51, not - 0.5, and rounds half to even: the first
    // run may be a key longer, the last a key shorter than a fair share.
    let share = Double(keys - shared) / Double(classes)
    #expect(runs.allSatisfy { $0 >= 1 && abs(Double($0) - share) < 2 }, "\(runs)")
  }

  @Test(arguments: [(1024, 10), (1024, 50), (40, 10), (512, 50)])
  func runsOfModelsDifferByOneKeyAtMost(keys: Int, classes: Int) throws {
    let partition = try ClassPartition(keyCount: keys, classCount: classes, sharedKeys: 0)
    let runs = (0..<classes).map { owner in partition.owners.count { $0 == owner } }
    #expect(runs.reduce(0, +) == keys)
    #expect((runs.max() ?? 0) - (runs.min() ?? 0) <= 1, "\(runs)")
  }

  @Test func fewerKeysThanClassesLeaveSomeWithout() throws {
    let partition = try ClassPartition(keyCount: 4, classCount: 10, sharedKeys: 0)
    let without = (0..<10).filter { !partition.owners.contains($0) }
    #expect(without.count == 6)
    #expect(partition.owners.first == 0)
    #expect(partition.owners.last == 9)
  }

  @Test func sharedKeysAreClosedInTrainingAndOpenInEvaluation() throws {
    let arguments = (labels: [0, 4], keyCount: 20, classCount: 5)
    let training = try irrelevantRegions(
      labels: arguments.labels, keyCount: arguments.keyCount, classCount: arguments.classCount,
      sharedKeys: 5, mode: .training)
    let evaluation = try irrelevantRegions(
      labels: arguments.labels, keyCount: arguments.keyCount, classCount: arguments.classCount,
      sharedKeys: 5, mode: .evaluation)
    for row in 0..<2 {
      #expect(training[row].count == 20)
      #expect(training[row][15...].allSatisfy { $0 })
      #expect(evaluation[row][15...].allSatisfy { !$0 })
      #expect(training[row][..<15] == evaluation[row][..<15])
      #expect(training[row].contains(false))
    }
    #expect(zip(training[0], training[1]).allSatisfy { $0 || $1 })
  }

  @Test func allKeysMayBeShared() throws {
    let closed = try irrelevantRegions(
      labels: [1], keyCount: 6, classCount: 3, sharedKeys: 6, mode: .evaluation)
    #expect(closed == [[Bool](repeating: false, count: 6)])
  }

  @Test(arguments: [(0, 5, 0), (-1, 5, 0), (5, 0, 0), (5, 5, -1), (5, 5, 6)])
  func impossibleSizes(keys: Int, classes: Int, shared: Int) {
    let error = #expect(throws: PIQError.self) {
      try ClassPartition(keyCount: keys, classCount: classes, sharedKeys: shared)
    }
    #expect(error?.description.contains("\(shared) of them shared") == true)
    #expect(throws: PIQError.self) {
      try irrelevantRegions(labels: [0], keyCount: keys, classCount: classes, sharedKeys: shared)
    }
  }
}
