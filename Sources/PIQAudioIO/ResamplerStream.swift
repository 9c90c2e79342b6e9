/// Resamples a recording block by block, in memory independent of its length.
///
/// For any division into blocks, the samples are those of `Resampler.resample`, bit for bit.
///
///     var stream = ResamplerStream(Resampler(from: 44_100, to: 16_000))
///     for block in blocks { use(stream.resample(block)) }
///     use(stream.finish())
public struct ResamplerStream: Sendable {
  private let resampler: Resampler
  /// The samples that are still needed; filters of a table begin with the silence before the first.
  private var samples: [Float]
  /// The place of `samples[0]` in the recording.
  private var start: Int
  /// The position of the next output sample.
  private var place = Resampler.Place()
  private var received = 0
  private var produced = 0

  /// A stream at its beginning.
  public init(_ resampler: Resampler) {
    self.resampler = resampler
    let silence = resampler.kernel.isEmpty ? 0 : resampler.width - 1
    samples = [Float](repeating: 0, count: silence)
    start = -silence
  }

  /// Takes the next samples of the recording.
  ///
  /// - Returns: the samples at the other rate that they complete; there may be none.
  public mutating func resample(_ block: [Float]) -> [Float] {
    received += block.count
    if resampler.from == resampler.to { return block }
    samples += block
    return resampler.kernel.isEmpty ? onTheFly(isAtEnd: false) : byTable(isAtEnd: false)
  }

  /// Ends the recording: it is zero-padded from here on.
  ///
  /// - Returns: the last samples at the other rate.
  public mutating func finish() -> [Float] {
    if resampler.from == resampler.to { return [] }
    if resampler.kernel.isEmpty { return onTheFly(isAtEnd: true) }
    // So that the filters of all remaining samples lie within.
    samples += [Float](repeating: 0, count: resampler.width + Resampler.Vector.scalarCount)
    return byTable(isAtEnd: true)
  }

  /// The total number of output samples; unbounded before the end.
  private func outputCount(isAtEnd: Bool) -> Int {
    isAtEnd ? resampler.outputCount(for: received) : .max
  }

  private mutating func byTable(isAtEnd: Bool) -> [Float] {
    let stride = resampler.stride
    let length = stride * Resampler.Vector.scalarCount
    let last = outputCount(isAtEnd: isAtEnd)
    let origin = resampler.width - 1 + start
    var output: [Float] = []
    output.reserveCapacity(resampler.outputCount(for: samples.count))
    samples.withUnsafeBytes { samples in
      resampler.kernel.withUnsafeBufferPointer { kernel in
        let room = samples.count / MemoryLayout<Float>.stride - length
        while produced < last, place.input - origin <= room {
          var sum = Resampler.Vector.zero
          for tap in 0..<stride {
            let first = place.input - origin + tap * Resampler.Vector.scalarCount
            let input = samples.loadUnaligned(
              fromByteOffset: first * MemoryLayout<Float>.stride, as: Resampler.Vector.self)
            sum += input * kernel[place.phase * stride + tap]
          }
          output.append(sum.sum())
          produced += 1
          place.advance(from: resampler.from, to: resampler.to)
        }
      }
    }
    forget(before: place.input - (resampler.width - 1))
    return output
  }

  private mutating func onTheFly(isAtEnd: Bool) -> [Float] {
    let (from, to, width) = (resampler.from, resampler.to, resampler.width)
    let last = outputCount(isAtEnd: isAtEnd)
    var output: [Float] = []
    while produced < last, isAtEnd || place.input + width < received {
      // Each phase counts from its own input sample: see `weight`.
      let origin = place.input - Resampler.quotient(place.phase, from, to).floor
      var sum = 0.0
      for i in max(0, place.input - width + 1)..<min(received, place.input + width + 1) {
        let weight = Resampler.weight(
          ofInput: i - origin, phase: place.phase, from: from, to: to, cutoff: resampler.cutoff)
        sum += Double(weight) * Double(samples[i - start])
      }
      output.append(Float(sum))
      produced += 1
      place.advance(from: from, to: to)
    }
    forget(before: max(0, place.input - width + 1))
    return output
  }

  /// Drops the samples before `first`, a place in the recording.
  private mutating func forget(before first: Int) {
    let count = min(max(0, first - start), samples.count)
    samples.removeFirst(count)
    start += count
  }
}
