import Foundation

/// A tick mark of an axis.
package struct Tick: Equatable, Sendable {
  /// Where on the axis, in the axis's unit.
  package let value: Double
  package let label: String
}

extension Tick {
  /// Ticks from 0 to at most `limit`, a round number apart: 1, 2 or 5 times a power of ten, the
  /// smallest such that there are no more than `count` ticks. None when `limit` is not a positive
  /// number.
  package static func round(upTo limit: Double, atMost count: Int) -> [Tick] {
    guard limit.isNormal, limit > 0, count > 0 else { return [] }
    guard count > 1 else { return [Tick(value: 0, label: "0")] }
    // A limit that misses a round number by rounding alone still gets its tick.
    let reach = limit * (1 + 1e-9)
    var exponent = Int(log10(limit / Double(count)).rounded(.down))
    while true {
      for mantissa in [1.0, 2, 5] {
        let step = mantissa * pow(10, Double(exponent))
        guard (reach / step).rounded(.down) < Double(count) else { continue }
        return (0...Int(reach / step)).map { index in
          let value = Double(index) * step
          return Tick(value: value, label: label(value, decimals: max(0, -exponent)))
        }
      }
      exponent += 1
    }
  }

  /// Ticks within a range, a round number apart, the smallest such that there are no more than
  /// `count`.
  ///
  /// - Parameter least: the least distance between two; 1 for what is counted.
  package static func round(
    in range: ClosedRange<Double>, atMost count: Int, least: Double = 0
  ) -> [Tick] {
    let span = range.upperBound - range.lowerBound
    guard span.isNormal, span > 0, count > 1 else { return [] }
    var exponent = Int(log10(span / Double(count)).rounded(.down))
    while true {
      for mantissa in [1.0, 2, 5] {
        let step = mantissa * pow(10, Double(exponent))
        let (first, last) = (
          (range.lowerBound / step - 1e-9).rounded(.up),
          (range.upperBound / step + 1e-9).rounded(.down)
        )
        guard step >= least, last - first < Double(count) else { continue }
        guard first <= last else { return [] }
        let largest = max(abs(first), abs(last)) * step
        // Very small and very large values are read more easily with an exponent.
        let isPlain = largest >= 0.005 && largest < 1e6
        return stride(from: first, through: last, by: 1).map { index in
          let value = index * step
          let text =
            value == 0
            ? "0"
            : isPlain ? label(value, decimals: max(0, -exponent)) : String(format: "%.3g", value)
          return Tick(value: value, label: text)
        }
      }
      exponent += 1
    }
  }

  /// As `round(upTo:atMost:)`, with as many ticks of `count` at most as have room: `place` says
  /// where a tick lies, in pixels, and how much room its label takes there.
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
