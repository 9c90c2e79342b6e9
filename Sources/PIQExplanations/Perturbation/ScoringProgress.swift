/// How far a method that asks for many scores has come with a clip.
package struct ScoringProgress: Sendable {
  /// Called with the number of scores done and the total, by several threads.
  package typealias Observer = @Sendable (_ done: Int, _ total: Int) -> Void

  @TaskLocal private static var current: ScoringProgress?
  private let observer: Observer

  /// The observer of explanations on the calling thread.
  static var observer: Observer? { current?.observer }

  /// Calls `body` while explanations on the calling thread report to `observer`.
  package static func observed<Result>(
    by observer: @escaping Observer, _ body: () throws -> Result
  ) rethrows -> Result {
    try $current.withValue(ScoringProgress(observer: observer), operation: body)
  }
}
