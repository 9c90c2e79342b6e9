import Foundation
import PIQPlatform
import Synchronization
import Testing

/// Work on several threads whose results come in order.
@Suite struct OrderedWorkTests {
  /// Items, cores, and what the user asks for, to jobs and threads.
  struct Division: Sendable {
    let count, cores: Int
    var jobs, threads: Int?
    let expected: [Int]
  }

  static let divisions = [
    Division(count: 1, cores: 1, expected: [1, 1]),
    Division(count: 1, cores: 8, expected: [1, 8]),
    Division(count: 3, cores: 8, expected: [3, 2]),
    Division(count: 100, cores: 2, expected: [2, 1]),
    Division(count: 100, cores: 64, expected: [64, 1]),
    Division(count: 10, cores: 64, expected: [10, 6]),
    Division(count: 0, cores: 4, expected: [1, 4]),
    Division(count: 100, cores: 8, jobs: 2, expected: [2, 4]),
    Division(count: 100, cores: 8, threads: 4, expected: [2, 4]),
    Division(count: 100, cores: 2, threads: 4, expected: [1, 4]),
    Division(count: 100, cores: 2, jobs: 5, threads: 3, expected: [5, 3]),
  ]

  @Test(arguments: divisions) func division(_ division: Division) {
    let work = OrderedWork(
      division.count, jobs: division.jobs, threads: division.threads, cores: division.cores)
    #expect([work.jobs, work.threads] == division.expected)
  }

  @Test(arguments: [1, 2, 7]) func resultsComeInOrder(jobs: Int) throws {
    let count = 60
    var begun: [Int] = []
    var finished: [Int] = []
    let isBusy = Atomic(false)
    try OrderedWork(count, jobs: jobs, threads: 1, cores: 4).run(
      count, begin: { begun.append($0) },
      work: { item in
        // Earlier ones take longer.
        usleep(UInt32((count - item) % 7 * 500))
        if item % 10 == 3 { throw CocoaError(.fileNoSuchFile) }
        return item * item
      },
      finish: { item, result in
        let wasBusy = isBusy.exchange(true, ordering: .sequentiallyConsistent)
        #expect(!wasBusy)
        defer { isBusy.store(false, ordering: .sequentiallyConsistent) }
        finished.append(item)
        switch result {
        case .success(let square): #expect(square == item * item && item % 10 != 3)
        case .failure: #expect(item % 10 == 3)
        }
      })
    #expect(begun == Array(0..<count))
    #expect(finished == Array(0..<count))
  }

  /// What `finish` throws comes out, and no more work begins.
  @Test func anErrorOfTheReaderEndsTheWork() throws {
    let done = Atomic(0)
    var items = 0
    #expect(throws: CocoaError.self) {
      try OrderedWork(1000, jobs: 3, threads: 1, cores: 3).run(
        ahead: 10,
        next: {
          items += 1
          return items <= 1000 ? items : nil
        },
        work: { _ in done.add(1, ordering: .relaxed) },
        finish: { item, _ in if item == 5 { throw CocoaError(.fileWriteOutOfSpace) } })
    }
    // However slow the reader was: no more than ten are ahead of it.
    let count = done.load(ordering: .relaxed)
    #expect(count < 5 + 10)
  }
}
