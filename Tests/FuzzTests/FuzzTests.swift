import Foundation
import FuzzTargets
import TestSupport
import Testing

/// Everything in Fixtures/fuzz: what the fuzzer started from, and what it found.
@Suite struct FuzzTests {
  @Test(arguments: FuzzTarget.allCases)
  func `what a fuzzer tried is read or refused`(_ target: FuzzTarget) throws {
    let folder = Fixtures.path("fuzz/\(target.rawValue)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(!names.isEmpty)
    let feed = try target.prepare()
    for name in names {
      let data = try Data(contentsOf: URL(filePath: folder).appending(path: name))
      data.withUnsafeBytes(feed)
    }
  }
}
