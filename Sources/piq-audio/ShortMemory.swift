import Foundation
import PIQAudio

/// Handles limited memory (`ulimit -v`) in advance: Swift ends a program when an allocation fails.
struct ShortMemory: Error, CustomStringConvertible {
  let description: String

  /// The memory of any command besides models and clips, in bytes.
  private static let least = 64e6

  /// Reduces memory use, and ensures a message when memory runs out.
  ///
  /// - Throws: `ShortMemory` where there is too little at the start.
  static func prepare() throws(ShortMemory) {
    Memory.outOfMemory = { bytes in
      let text = "piq-audio: error: \(ShortMemory("\(bytes) more bytes could not be had"))\n"
      _ = StandardStreams.write(text, to: STDERR_FILENO)
      AtomicFile.removeUnfinished(thenExit: 1)
    }
    guard Memory.addressSpaceLimit != nil else { return }
    keepToOneArena()
    guard Memory.available >= least else {
      throw ShortMemory("only \(Int(Memory.available / 1e6)) MB are left to begin with")
    }
  }

  /// Otherwise malloc reserves 64 MiB for each thread.
  private static func keepToOneArena() {
    // Swift's Glibc module lacks `mallopt`; -8 is M_ARENA_MAX.
    typealias Option = @convention(c) (Int32, Int32) -> Int32
    guard let address = dlsym(nil, "mallopt") else { return }
    _ = unsafeBitCast(address, to: Option.self)(-8, 1)
  }

  private init(_ problem: String) {
    description =
      "memory: \(problem); raise the limit (ulimit -v), or take fewer clips at a time (--jobs 1)"
  }
}
