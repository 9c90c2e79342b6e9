import PIQPipeline
import Testing

/// The tables that are written of windows.
@Suite struct TimelineTests {
  /// Windows of 5 s that share half with the next, at 100 Hz.
  private func timeline(_ windows: [(Int?, Float)], labels: [String] = ["dog", "a,\tb"]) -> Timeline
  {
    var timeline = Timeline(labels: labels, sampleRate: 100)
    let sliding = SlidingWindows(length: 500, overlap: 250)
    var cutter = WindowCutter(sliding)
    var blocks = [[Float](repeating: 0, count: 250 * (windows.count + 1))]
    for (index, probability) in windows {
      guard let window = cutter.next({ blocks.popLast() }) else { break }
      timeline.append(
        Timeline.Entry(
          samples: window.start..<window.end, span: sliding.span(of: window), classIndex: index,
          probability: probability, isExplained: true))
    }
    return timeline
  }

  private static let windows: [(Int?, Float)] = [(0, 0.5), (0, 0.75), (1, 1), (nil, 0), (1, 0.25)]

  @Test func csv() {
    #expect(
      timeline(Self.windows).csv == """
        start,end,label,probability
        0.000000,5.000000,dog,0.5
        2.500000,7.500000,dog,0.75
        5.000000,10.000000,"a,\tb",1.0
        7.500000,12.500000,,
        10.000000,15.000000,"a,\tb",0.25

        """)
  }

  /// Neighbours of one class are one label; what was skipped lies between.
  @Test func audacityLabels() {
    #expect(
      timeline(Self.windows).audacityLabels
        == "0.000000\t6.250000\tdog\n6.250000\t8.750000\ta, b\n11.250000\t15.000000\ta, b\n")
  }

  @Test func nothingHeard() {
    let silent = timeline([(nil, 0)])
    #expect(silent.csv == "start,end,label,probability\n0.000000,5.000000,,\n")
    #expect(silent.audacityLabels == "")
    #expect(silent.audacityRegions == "")
  }

  @Test func stretches() {
    #expect(
      timeline(Self.windows).stretches.map(\.probability) == [0.75, 1, 0.25])
    #expect(timeline(Self.windows).entries[1].span == 375..<625)
  }
}
