import Foundation
import FuzzTargets

/// What libFuzzer calls with each of its inputs: one of the targets, which the environment variable
/// FUZZ names. `make fuzz` builds and runs it.
///
/// The name is no argument because libFuzzer starts itself again with arguments of its own.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  feed(UnsafeRawBufferPointer(start: bytes, count: size))
  return 0
}

// libFuzzer has one thread.
nonisolated(unsafe) private let feed: (UnsafeRawBufferPointer) -> Void = {
  let name = ProcessInfo.processInfo.environment["FUZZ"] ?? ""
  guard let target = FuzzTarget(rawValue: name) else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    FileHandle.standardError.write(Data("fuzzer: set FUZZ to one of \(names)\n".utf8))
    exit(64)
  }
  do {
    return try target.prepare()
  } catch {
    FileHandle.standardError.write(Data("fuzzer: \(error)\n".utf8))
    exit(1)
  }
}()
