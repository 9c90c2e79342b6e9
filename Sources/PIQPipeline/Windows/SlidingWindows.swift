import Foundation

/// Windows of equal length that slide over a recording, each sharing `overlap` samples with the one
/// before.
///
/// Window i covers the samples from i · hop on; overlaps are cross-faded. The last window is moved
/// back so that it is whole and ends where the recording does; the samples added at its start serve
/// the network as context and are then discarded. A recording that is shorter than a window is one
/// window of its own length.
public struct SlidingWindows: Sendable, Hashable {
  /// Samples in a window.
  public let length: Int
  /// Samples that a window shares with the next one.
  public let overlap: Int

  /// The distance between the starts of successive windows, in samples.
  public var hop: Int { length - overlap }

  /// - Precondition: `length` is positive, and `overlap` from 0 to half of it.
  public init(length: Int, overlap: Int) {
    precondition(length > 0 && (0...length / 2).contains(overlap), "no more than two at a time")
    self.length = length
    self.overlap = overlap
  }

  /// The part of a window without overlap: up to the middle of its overlaps with its neighbours.
  package func span(of window: SampleWindow) -> Range<Int> {
    let start = window.index == 0 ? 0 : window.coreStart + overlap / 2
    return start..<(window.isLast ? window.end : window.coreStart + hop + overlap / 2)
  }

  /// The fade-in weights of a window's first `overlap` samples, a raised cosine; the previous
  /// window fades out with their complement to exactly 1.
  var fadeIn: [Float] {
    let rising = (0..<overlap).map { i -> Float in
      let phase = (Double(i) + 0.5) / Double(max(overlap, 1))
      return Float(0.5 - 0.5 * cos(.pi * phase))
    }
    // Exact point symmetry: fade-in and fade-out match to the last bit.
    return rising.indices.map { i in
      let mirrored = overlap - 1 - i
      return i == mirrored ? 0.5 : i < mirrored ? rising[i] : 1 - rising[mirrored]
    }
  }
}

/// A piece of a recording.
package struct SampleWindow: Sendable {
  /// Its number, from 0.
  package let index: Int
  /// Its samples, at the model's rate.
  package let samples: [Float]
  /// The place of the first of them in the recording.
  package let start: Int
  /// The start of its own samples, which extend to the next window. Those before only serve as
  /// context.
  package let coreStart: Int
  /// Whether the recording ends with it.
  package let isLast: Bool

  /// The place after its last sample.
  package var end: Int { start + samples.count }
  /// Its samples from `coreStart` on.
  package var core: ArraySlice<Float> { samples[(coreStart - start)...] }
}

/// Cuts a recording that comes in blocks into windows.
package struct WindowCutter: Sendable {
  private let windows: SlidingWindows
  /// Samples from `start` on: as far back as the last window may be moved.
  private var samples: [Float] = []
  private var start = 0
  private var index = 0
  private var isAtEnd = false

  /// A cutter at the beginning of a recording.
  package init(_ windows: SlidingWindows) { self.windows = windows }

  /// The next window, or nil at the end of the recording.
  ///
  /// - Parameter read: gives the next samples, and nil at the end.
  package mutating func next(_ read: () throws -> [Float]?) rethrows -> SampleWindow? {
    guard !isAtEnd else { return nil }
    let coreStart = index * windows.hop
    let end = coreStart + windows.length
    // Only further samples show that a window is not the last.
    while start + samples.count <= end {
      guard let block = try read() else {
        isAtEnd = true
        break
      }
      samples += block
    }
    let first = isAtEnd ? max(0, start + samples.count - windows.length) : coreStart
    let last = min(end, start + samples.count)
    defer { index += 1 }
    let kept = max(0, coreStart - windows.hop) - start
    samples.removeFirst(kept)
    start += kept
    return SampleWindow(
      index: index, samples: Array(samples[first - start..<max(first, last) - start]),
      start: first, coreStart: coreStart, isLast: isAtEnd)
  }
}
