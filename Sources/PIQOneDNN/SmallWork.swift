import PIQPlatform

/// Runs `body` on the calling thread alone if it is over sooner than others would be awake: OpenMP's
/// threads, once woken, also keep their cores busy for a while.
///
/// - Parameter operations: about how many it takes.
package func asWork<Result, Failure: Error>(
  of operations: Int, _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  operations < 1 << 21 ? try Threads.with(1, body) : try body()
}
