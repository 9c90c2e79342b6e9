import Foundation

/// How many threads the work of the calling thread may use.
public enum Threads {
  @TaskLocal private static var limit: Int?

  /// The cores that this process may use: those that the scheduler gives it (`taskset`), or what its
  /// control group is allowed if that is less (containers), or `OMP_NUM_THREADS` if it is set; fewer
  /// where not as many threads can be started.
  public static let available: Int = min(wanted, maximum)

  private static let wanted: Int = {
    if let wish = getenv("OMP_NUM_THREADS"), let count = Int(String(cString: wish)), count > 0 {
      return min(count, 1024)
    }
    let scheduled = ProcessInfo.processInfo.activeProcessorCount
    let granted = ControlGroup.cores.map { Int(min($0, 1024).rounded(.up)) }
    return max(1, min(scheduled, granted ?? scheduled))
  }()

  /// The most threads for all clips together; unbounded where threads and memory are plentiful.
  package static let maximum: Int = {
    guard ThreadProbe.isLimited else { return .max }
    // Dispatch's and OpenMP's, and one of Dispatch's own.
    let needed = 2 * max(wanted, 64) + 1
    let startable = ThreadProbe.startable(needed)
    let most = startable == needed ? .max : max(1, (startable - 1) / 2)
    guard Memory.addressSpaceLimit != nil else { return most }
    return max(1, min(most, Int(Memory.forThreads / memoryOfOne)))
  }()

  /// Bytes that a thread takes for a clip of any length: stacks, and the canvas of a picture.
  private static let memoryOfOne = 48e6

  /// How many the work of the calling thread may use: the number given to `with(_:_:)`, or
  /// `available`.
  public static var current: Int { limit ?? available }

  /// Runs `body` with the work of the calling thread, oneDNN's included, on `count` threads.
  ///
  /// A network's output does not depend on `count`; gradients of weights do in their last bits,
  /// because each thread has its own sums.
  public static func with<Result, Failure: Error>(
    _ count: Int, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let count = max(1, min(count, maximum))
    let openMP = OpenMP.threads
    let before = openMP?.get()
    openMP?.set(Int32(count))
    defer { if let before { openMP?.set(before) } }
    return try $limit.withValue(count) { () -> Swift.Result<Result, Failure> in
      do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
    }.get()
  }
}

/// Two functions of oneDNN's OpenMP library; nil where it uses other threads.
private enum OpenMP {
  typealias Get = @convention(c) () -> Int32
  typealias Set = @convention(c) (Int32) -> Void

  static let threads: (get: Get, set: Set)? = {
    guard let get = dlsym(nil, "omp_get_max_threads"), let set = dlsym(nil, "omp_set_num_threads")
    else { return nil }
    return (unsafeBitCast(get, to: Get.self), unsafeBitCast(set, to: Set.self))
  }()
}
