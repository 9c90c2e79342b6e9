import Glibc
import PIQAudio

/// An event placed in a background: where a mask should point to is known.
package struct Placement: Sendable {
  /// The clip with the event, and the one it is placed in, as indices of a data set.
  package let event, background: Int
  /// Where the event begins, as a part of what is left of the background.
  let place: Double

  /// The length of an event, in seconds; at most half of the background.
  static let seconds = 1.0

  /// `count` placements of clips of the classes `events` in those of `backgrounds`.
  ///
  /// - Parameter labels: the class of each clip.
  package static func all(
    _ count: Int, labels: [Int], events: Set<Int>, backgrounds: Set<Int>, seed: UInt64
  ) -> [Placement] {
    let own = labels.indices.filter { events.contains(labels[$0]) }
    let others = labels.indices.filter { backgrounds.contains(labels[$0]) }
    guard !own.isEmpty, !others.isEmpty else { return [] }
    return (0..<count).map { index in
      var random = RandomStream(seed: seed, .placements, index: index)
      return Placement(
        event: own[random.index(below: own.count)],
        background: others[random.index(below: others.count)], place: Double(random.unit()))
    }
  }

  /// The background with the loudest second of the event, at equal RMS, and where that is in it.
  package func mixture(
    event: [Float], background: [Float], sampleRate: Int
  ) -> (samples: [Float], event: Range<Int>) {
    let length = min(
      event.count, background.count / 2, Int(Self.seconds * Double(sampleRate)))
    let start = Self.loudest(length, in: event)
    let part = event[start..<start + length]
    let place = Int(place * Double(background.count - length))
    let gain = Self.level(background[...]) / max(Self.level(part), 1e-9)
    var samples = background
    for (offset, sample) in part.enumerated() {
      samples[place + offset] += Float(gain) * sample
    }
    return (samples, place..<place + length)
  }

  private static func level(_ samples: ArraySlice<Float>) -> Double {
    let power = samples.reduce(0) { $0 + Double($1) * Double($1) }
    return (power / Double(max(1, samples.count))).squareRoot()
  }

  private static func loudest(_ length: Int, in samples: [Float]) -> Int {
    var sum = samples[..<length].reduce(0) { $0 + Double($1) * Double($1) }
    var best = (start: 0, sum: sum)
    for end in length..<max(length, samples.count) {
      let (old, new) = (Double(samples[end - length]), Double(samples[end]))
      sum += new * new - old * old
      if sum > best.sum { best = (end - length + 1, sum) }
    }
    return best.start
  }
}

/// How well values a frame tell an event from the rest.
package enum Localisation {
  /// What frames share with those of events, over what either has.
  package static func overlap(_ frames: Range<Int>, isEvent: [Bool]) -> Double {
    let events = isEvent.count { $0 }
    let both = frames.count { isEvent[$0] }
    return Double(both) / Double(max(1, frames.count + events - both))
  }

  /// The mean of each row of [T, F].
  static func frameMeans(_ values: Tensor) -> [Double] {
    let (rows, columns) = (values.shape[0], values.shape[1])
    return values.withUnsafeBuffer { values in
      (0..<rows).map { row in
        values[row * columns..<(row + 1) * columns].reduce(0) { $0 + Double($1) } / Double(columns)
      }
    }
  }
}
