import Foundation

/// Measures how many threads can be started, where users, containers or memory limit them: Dispatch
/// waits for ever for one that cannot, and OpenMP ends the program.
enum ThreadProbe {
  /// Whether there is a limit that work could reach. The user's other processes share it, so it is
  /// not probed without need.
  static var isLimited: Bool {
    let plenty = 4096
    var limit = rlimit()
    let users =
      getrlimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), &limit) == 0
      ? limit.rlim_cur : rlim_t.max
    return Memory.addressSpaceLimit != nil || users < rlim_t(plenty)
      || ControlGroup.tasks.map { $0 < plenty } == true
  }

  /// How many more threads can exist at a time, at most `most`.
  static func startable(_ most: Int) -> Int {
    let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    defer { gate.deallocate() }
    pthread_mutex_init(gate, nil)
    defer { pthread_mutex_destroy(gate) }
    pthread_mutex_lock(gate)
    var threads: [pthread_t] = []
    while threads.count < most {
      var thread = pthread_t()
      let code = pthread_create(
        &thread, nil,
        { gate in
          // Waits until all have started.
          let gate = gate?.assumingMemoryBound(to: pthread_mutex_t.self)
          if let gate, pthread_mutex_lock(gate) == 0 { pthread_mutex_unlock(gate) }
          return nil
        }, gate)
      guard code == 0 else { break }
      threads.append(thread)
    }
    pthread_mutex_unlock(gate)
    for thread in threads { pthread_join(thread, nil) }
    return threads.count
  }
}
