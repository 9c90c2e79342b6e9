import Foundation
import PIQPlatform
import Testing

/// Failures and what they carry to whoever has to act on them.
@Suite struct FailureTests {
  private struct Broken: Error, CustomStringConvertible {
    let description = "broke"
  }

  /// An error that may pass once ended as one that may not, because only its text was kept.
  @Test func anErrorThatGetsAPathKeepsItsCodeAndCause() throws {
    let full = Failure(
      .diskFull, problem: "no space", remedy: "free some", isTransient: true,
      underlying: POSIXError(.ENOSPC))
    let named = try #require(
      throws: Failure.self, performing: { try Failure.naming("a.wav") { throw full } })
    #expect(named.path == "a.wav")
    #expect(named.code == .diskFull)
    #expect(named.isTransient)
    #expect((named.underlying as? POSIXError)?.code == .ENOSPC)
    #expect(named.description == "a.wav: no space; free some")
  }

  @Test func anErrorOfAnotherTypeStaysBehindAsTheCause() throws {
    let named = try #require(
      throws: Failure.self, performing: { try Failure.naming("a.wav") { throw Broken() } })
    #expect(named.description == "a.wav: broke")
    #expect(named.code == .other)
    #expect(named.underlying is Broken)
  }

  @Test func anErrorWithAPathStaysAsItIs() throws {
    let inner = Failure(path: "b.png", action: "write it", errno: EBUSY)
    let named = try #require(
      throws: Failure.self, performing: { try Failure.naming("a.wav") { throw inner } })
    #expect(named == inner)
    #expect(named.isTransient)
  }

  @Test(arguments: [
    (ENOSPC, Failure.Code.diskFull, true), (ENOENT, .fileNotFound, false),
    (EACCES, .fileNotAccessible, false), (EMFILE, .fileNotAccessible, true),
    (ENOMEM, .outOfMemory, true),
  ])
  func systemErrors(number: Int32, code: Failure.Code, isTransient: Bool) {
    let failure = Failure(path: "x", action: "open it", errno: number)
    #expect(failure.code == code)
    #expect(failure.isTransient == isTransient)
    #expect((failure.underlying as? POSIXError)?.errorCode == Int(number))
  }

  @Test func aMessageIsOneLine() {
    let failure = Failure(.other, path: "a\nb", problem: "c\nd", remedy: "e\rf")
    #expect(failure.description == "a\\nb: c\\nd; e\\rf")
  }
}
