import Foundation
import PIQPlatform

extension Tick {
  /// Distances between ticks of a time axis, in seconds.
  private static let clockSteps: [Double] =
    [1, 2, 5, 10, 15, 30].flatMap { [$0, $0 * 60] }.sorted()
    + [1, 2, 3, 6, 12, 24].map { $0 * 3600 }

  /// Ticks in a range of seconds as a clock shows them (1:30 is a minute and a half, 1:00:00 an
  /// hour), no more than `count` of them; whole seconds apart.
  package static func clock(in range: ClosedRange<Double>, atMost count: Int) -> [Tick] {
    let span = range.upperBound - range.lowerBound
    guard span.isFinite, span > 0, count > 0 else { return [] }
    let wanted = span / Double(count)
    let days = (wanted / 86_400).rounded(.up) * 86_400
    let step = clockSteps.first { $0 >= wanted } ?? days
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    guard first <= last else { return [] }
    return stride(from: first, through: last, by: 1).map { index in
      Tick(value: index * step, label: clockText(index * step))
    }
  }
}
