import Foundation
import PIQPlatform

/// A tick mark of an axis.
package struct Tick: Equatable, Sendable {
  /// Its position, in the axis's unit.
  package let value: Double
  package let label: String
}

extension Tick {
  /// Ticks from 0 to at most `limit` at a round distance: 1, 2 or 5 times a power of ten, the
  /// smallest with no more than `count` ticks. None when `limit` is not a positive number.
  package static func round(upTo limit: Double, atMost count: Int) -> [Tick] {
    guard limit.isNormal, limit > 0, count > 0 else { return [] }
    guard count > 1 else { return [Tick(value: 0, label: "0")] }
    // A limit that misses a round number only by rounding still gets its tick.
    let reach = limit * (1 + 1e-9)
    let (step, decimals) = Self.step(from: limit / Double(count)) {
      (reach / $0).rounded(.down) < Double(count)
    }
    return (0...Int(reach / step)).map { index in
      let value = Double(index) * step
      return Tick(value: value, label: label(value, decimals: decimals))
    }
  }

  /// Ticks within a range at the smallest round distance with no more than `count` of them.
  ///
  /// - Parameter least: the least distance between two; 1 for counts.
  package static func round(
    in range: ClosedRange<Double>, atMost count: Int, least: Double = 0
  ) -> [Tick] {
    let span = range.upperBound - range.lowerBound
    guard span.isNormal, span > 0, count > 1 else { return [] }
    func multiples(of step: Double) -> (first: Double, last: Double) {
      (
        (range.lowerBound / step - 1e-9).rounded(.up),
        (range.upperBound / step + 1e-9).rounded(.down)
      )
    }
    let (step, decimals) = Self.step(from: span / Double(count)) { step in
      let (first, last) = multiples(of: step)
      return step >= least && last - first < Double(count)
    }
    let (first, last) = multiples(of: step)
    let largest = max(abs(first), abs(last)) * step
    // Very small and very large values get an exponent.
    let isPlain = largest >= 0.005 && largest < 1e6
    return stride(from: first, through: last, by: 1).map { index in
      let value = index * step
      let text =
        isPlain || value == 0 ? label(value, decimals: decimals) : String(format: "%.3g", value)
      return Tick(value: value, label: text)
    }
  }

  /// The smallest step that `fits` of 1, 2 or 5 times a power of ten, from the power below `least`
  /// on, and the decimals that its multiples have.
  private static func step(
    from least: Double, _ fits: (Double) -> Bool
  ) -> (step: Double, decimals: Int) {
    var exponent = Int(log10(least).rounded(.down))
    while true {
      for mantissa in [1.0, 2, 5] {
        let step = mantissa * pow(10, Double(exponent))
        if fits(step) { return (step, max(0, -exponent)) }
      }
      exponent += 1
    }
  }

  /// As `round(upTo:atMost:)`, with only as many of `count` ticks as fit: `place` gives a tick's
  /// position and its label's size there, in pixels.
  static func fitting(
    upTo limit: Double, atMost count: Int, place: (Tick) -> (position: Double, room: Double)
  ) -> [Tick] {
    for count in stride(from: count, to: 1, by: -1) {
      let ticks = round(upTo: limit, atMost: count)
      let places = ticks.map(place)
      let hasRoom = zip(places, places.dropFirst()).allSatisfy { one, next in
        abs(next.position - one.position) >= (one.room + next.room) / 2
      }
      if hasRoom { return ticks }
    }
    return round(upTo: limit, atMost: 1)
  }

  private static func label(_ value: Double, decimals: Int) -> String {
    if value == 0 { return "0" }
    if decimals > 6 || value >= 1e7 { return String(format: "%g", value) }
    return String(format: "%.\(decimals)f", value)
  }
}

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
