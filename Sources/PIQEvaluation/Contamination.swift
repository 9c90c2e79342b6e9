import PIQAudio

/// Clips out of distribution, as SpeechBrain's `eval.py` makes them.
package enum Contamination {
  /// How many mixtures are made of a clip, where there are as many others.
  package static let mixturesPerClip = 2

  /// 0.8 of the clip and 0.2 of another, both of length 1 in the Euclidean norm, divided by their
  /// maximum. The other clip is cropped or zero-padded.
  package static func mixture(_ clip: [Float], with other: [Float]) -> [Float] {
    let fitted =
      other.prefix(clip.count) + Array(repeating: 0, count: max(0, clip.count - other.count))
    return sum(clip, 0.8, Array(fitted), 0.2)
  }

  /// The clip and half as much noise, both of length 1, divided by their maximum.
  package static func noisy(_ clip: [Float], noise: [Float]) -> [Float] { sum(clip, 1, noise, 0.5) }

  /// For each of `count` clips, the distinct others that it is mixed with.
  package static func contaminants(count: Int, seed: UInt64) -> [[Int]] {
    (0..<count).map { clip in
      var stream = RandomStream(seed: seed, .contaminants, index: clip)
      var pool = (0..<count).filter { $0 != clip }
      return (0..<min(mixturesPerClip, pool.count)).map { _ in
        pool.remove(at: stream.index(below: pool.count))
      }
    }
  }

  private static func sum(_ a: [Float], _ aGain: Double, _ b: [Float], _ bGain: Double) -> [Float] {
    let (aScale, bScale) = (aGain / length(of: a), bGain / length(of: b))
    let sum = zip(a, b).map { Double($0) * aScale + Double($1) * bScale }
    // A sound that never rises above zero keeps its sign.
    let highest = sum.max() ?? 0
    let level = highest > 0 ? highest : sum.reduce(0) { max($0, abs($1)) }
    return sum.map { Float(level > 0 ? $0 / level : 0) }
  }

  /// The Euclidean length; 1 for silence, which stays silent.
  private static func length(of samples: [Float]) -> Double {
    let length = samples.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    return length > 0 ? length : 1
  }
}
