import Glibc

/// Runs `body` with oneDNN confined to the calling thread, as wanted where many threads call it at
/// once: OpenMP would give each of them a team of its own.
package func onThisThreadAlone<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
  guard let threads = OpenMP.threads else { return try body() }
  let before = threads.get()
  threads.set(1)
  defer { threads.set(before) }
  try body()
}

/// How many threads oneDNN uses, and so everything beside it should.
package var threadCount: Int {
  OpenMP.threads.map { max(1, Int($0.get())) } ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}

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
