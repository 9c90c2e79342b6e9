import Synchronization

extension Recording {
  /// This recording at `rate` hertz.
  public func resampled(to rate: Int) -> Recording {
    guard rate != sampleRate else { return self }
    var result = self
    result.samples = Resampler.cached(from: sampleRate, to: rate).resample(samples)
    result.sampleRate = rate
    return result
  }

  /// How many samples the recording has at `rate` hertz.
  public func sampleCount(at rate: Int) -> Int {
    rate == sampleRate
      ? samples.count : Resampler.cached(from: sampleRate, to: rate).outputCount(for: samples.count)
  }
}

extension Resampler {
  private struct Rates: Hashable { let from, to: Int }
  private static let cache = Mutex<[Rates: Resampler]>([:])
  private static let mostCached = 16

  /// A resampler between two rates in hertz, made once per pair of rates.
  public static func cached(from: Int, to: Int) -> Resampler {
    let rates = Rates(from: from, to: to)
    if let known = cache.withLock({ $0[rates] }) { return known }
    let resampler = Resampler(from: from, to: to)
    cache.withLock { cache in
      if cache.count == mostCached { cache.removeAll() }
      cache[rates] = resampler
    }
    return resampler
  }
}
