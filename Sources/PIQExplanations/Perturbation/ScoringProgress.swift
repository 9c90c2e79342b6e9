/// How far a method that asks for many scores has come with a clip.
package enum ScoringProgress {
  /// Called with the number of scores done and the total, by several threads, for explanations within
  /// `withValue`.
  @TaskLocal package static var observer: (@Sendable (_ done: Int, _ total: Int) -> Void)?
}
