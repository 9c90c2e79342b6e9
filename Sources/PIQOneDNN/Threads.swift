import Foundation
import PIQTensor

/// How many threads the work of the calling thread may use.
package enum Threads {
  @TaskLocal fileprivate static var limit: Int?

  /// The cores that this process may use: those that the scheduler gives it (`taskset`), or what its
  /// control group is allowed if that is less (containers), or `OMP_NUM_THREADS` if it is set; fewer
  /// where not as many threads can be started.
  package static let available: Int = min(wanted, most)

  private static let wanted: Int = {
    if let wish = getenv("OMP_NUM_THREADS"), let count = Int(String(cString: wish)), count > 0 {
      return min(count, 1024)
    }
    let scheduled = ProcessInfo.processInfo.activeProcessorCount
    let granted = ControlGroup.cores.map { Int(min($0, 1024).rounded(.up)) }
    return max(1, min(scheduled, granted ?? scheduled))
  }()

  /// The most that the work of all clips may have together: without a bound where threads and memory
  /// for them are plenty.
  package static let most: Int = {
    guard ThreadProbe.isLimited else { return .max }
    // Dispatch's and OpenMP's, and one of Dispatch's own.
    let needed = 2 * max(wanted, 64) + 1
    let startable = ThreadProbe.startable(needed)
    let most = startable == needed ? .max : max(1, (startable - 1) / 2)
    guard Memory.addressSpaceLimit != nil else { return most }
    return max(1, min(most, Int(Memory.forThreads / memoryOfOne)))
  }()

  /// What a thread takes whatever its clip is, in bytes: stacks, and the canvas of a picture.
  private static let memoryOfOne = 48e6
}

/// Runs `body` with the work of the calling thread, oneDNN's included, on `count` threads.
package func onThreads<Result, Failure: Error>(
  _ count: Int, _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  let count = min(count, Threads.most)
  let openMP = OpenMP.threads
  let before = openMP?.get()
  openMP?.set(Int32(count))
  defer { if let before { openMP?.set(before) } }
  return try Threads.$limit.withValue(count) { () -> Swift.Result<Result, Failure> in
    do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
  }.get()
}

/// Runs `body` on the calling thread alone if it is over sooner than others would be awake: OpenMP's
/// threads, once woken, also keep their cores busy for a while.
///
/// - Parameter operations: about how many it takes.
package func asWork<Result>(
  of operations: Int, _ body: () throws(OneDNNError) -> Result
) throws(OneDNNError) -> Result {
  operations < 1 << 21 ? try onThreads(1, body) : try body()
}

/// How many threads oneDNN uses, and so everything beside it should.
package var threadCount: Int { Threads.limit ?? Threads.available }

/// The two functions of the OpenMP library that oneDNN brought along; nothing where it uses another
/// kind of threads.
private enum OpenMP {
  typealias Get = @convention(c) () -> Int32
  typealias Set = @convention(c) (Int32) -> Void

  static let threads: (get: Get, set: Set)? = {
    guard let get = dlsym(nil, "omp_get_max_threads"), let set = dlsym(nil, "omp_set_num_threads")
    else { return nil }
    return (unsafeBitCast(get, to: Get.self), unsafeBitCast(set, to: Set.self))
  }()
}
