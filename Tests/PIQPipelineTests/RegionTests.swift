import Foundation
import PIQExplanations
import PIQPipeline
import PIQSpectral
import PIQTensor
import Testing

/// The seconds and the band that carried a class, in a mask and in tables.
@Suite struct RegionTests {
  private let stft: STFTConfiguration

  init() throws {
    stft = try STFTConfiguration(sampleRate: 1000, nFFT: 100, hopLength: 10, windowLength: 20)
  }

  /// The region of a mask [100, 51] that is 1 in some cells and a little elsewhere.
  private func region(
    _ cells: [(frames: Range<Int>, bins: Range<Int>)], elsewhere: Float = 0, loudness: Float = 1
  ) -> Region? {
    var mask = Tensor(shape: [100, 51], repeating: elsewhere)
    for (frames, bins) in cells {
      for frame in frames { for bin in bins { mask[flat: frame * 51 + bin] = 1 } }
    }
    return Region(
      of: mask, in: Tensor(shape: [100, 51], repeating: loudness), stft, duration: 0.995)
  }

  /// Most of a rectangle, and nothing outside it.
  @Test func rectangle() throws {
    let found = try #require(region([(20..<60, 10..<30)]))
    #expect(found.start >= 0.195 && found.end <= 0.595 && found.end - found.start >= 0.18)
    #expect(found.low >= 95 && found.high <= 295 && found.high - found.low >= 90)
  }

  @Test func oneCell() throws {
    let found = try #require(region([(7..<8, 3..<4)]))
    #expect(found == Region(start: 0.065, end: 0.075, low: 25, high: 35))
  }

  /// At the ends it stays within the clip and its frequencies.
  @Test func edges() throws {
    #expect(try #require(region([(0..<1, 0..<1)])) == Region(start: 0, end: 0.005, low: 0, high: 5))
    let last = try #require(region([(99..<100, 50..<51)]))
    #expect(last == Region(start: 0.985, end: 0.995, low: 495, high: 500))
  }

  /// A mask of nothing, or in silence, carries nothing.
  @Test func nothing() {
    #expect(region([]) == nil)
    #expect(region([(1..<9, 1..<9)], loudness: 0) == nil)
  }

  /// Of two parts the larger one is in it, and a little everywhere does not matter.
  @Test func largerPart() throws {
    let found = try #require(region([(10..<20, 5..<15), (60..<90, 20..<40)], elsewhere: 0.001))
    #expect(found.start > 0.5 && found.low > 150)
  }

  private func part(
    _ start: Double, _ end: Double, _ index: Int = 0, low: Double = 100, high: Double = 200,
    probability: Float = 0.5
  ) -> ExplainedRegion {
    ExplainedRegion(
      Region(start: start, end: end, low: low, high: high), label: ["dog", "a,\tb"][index],
      index: index, probability: probability)
  }

  @Test func joining() {
    let joined = ExplainedRegion.joined(
      [
        part(4, 5, low: 50), part(0, 1), part(0.5, 2, high: 900, probability: 0.75),
        // Another class between does not part them; a gap does.
        part(1.5, 1.8, 1), part(2.01, 2.5), part(2.6, 3), part(2.7, 2.8, probability: 0.6),
      ], gap: 0.05)
    #expect(
      joined == [
        part(0, 2.5, high: 900, probability: 0.75), part(1.5, 1.8, 1),
        part(2.6, 3, probability: 0.6), part(4, 5, low: 50),
      ])
    #expect(ExplainedRegion.joined([], gap: 1) == [])
  }

  private func timeline(_ regions: [ExplainedRegion?]) -> Timeline {
    var timeline = Timeline(
      labels: ["dog", "a,\tb"], sampleRate: 1000, hopLength: 10, showsRegions: true)
    for (i, region) in regions.enumerated() {
      var entry = Timeline.Entry(
        samples: i * 1000..<(i + 1) * 1000, span: i * 1000..<(i + 1) * 1000,
        classIndex: region == nil ? 1 : 0, probability: 0.5, isExplained: region != nil)
      entry.region = region
      timeline.append(entry)
    }
    return timeline
  }

  /// Raven gets the regions, and the windows that were not explained whole.
  @Test func ravenSelections() throws {
    let fields: [String: Any] = [
      "input": "night/a.wav", "label": "dog", "index": 0, "probability": 0.5, "top": [Any](),
      "model": ["name": "m", "sha256": "0"], "sample_rate": 700, "channels": 1, "duration": 4,
      "outputs": [String: String](),
      "stft": ["sample_rate": 1000, "n_fft": 100, "hop_length": 10, "win_length": 20],
    ]
    var report = try JSONDecoder().decode(
      ClipReport.self, from: JSONSerialization.data(withJSONObject: fields))
    let header = [
      "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)",
      "High Freq (Hz)", "Begin File", "Class", "Probability",
    ].joined(separator: "\t")
    func lines(_ report: ClipReport) -> [String] {
      report.ravenSelections(upTo: 350).split(separator: "\n").map(String.init)
    }
    #expect(
      lines(report) == [
        header, "1\tSpectrogram 1\t1\t0.000000\t4.000000\t0.0\t350.0\ta.wav\tdog\t0.5000",
      ])
    report.region = part(0.5, 1)
    report.channel = 2
    #expect(
      lines(report) == [
        header, "1\tSpectrogram 1\t2\t0.500000\t1.000000\t100.0\t200.0\ta.wav\tdog\t0.5000",
      ])
    (report.region, report.channel) = (nil, nil)
    report.windows = timeline([part(0.25, 1), part(1, 1.5, high: 400), nil, nil]).entries.map {
      ClipReport.Window(
        start: Double($0.samples.lowerBound) / 1000, end: Double($0.samples.upperBound) / 1000,
        label: ["dog", "a,\tb"][$0.classIndex ?? 0], index: $0.classIndex, probability: 0.25,
        explained: $0.isExplained, region: $0.region)
    }
    report.windows?[3].label = nil
    #expect(
      lines(report) == [
        header, "1\tSpectrogram 1\t1\t0.250000\t1.500000\t100.0\t350.0\ta.wav\tdog\t0.5000",
        "2\tSpectrogram 1\t1\t2.000000\t3.000000\t0.0\t350.0\ta.wav\ta, b\t0.2500",
      ])
    let again = try JSONDecoder().decode(ClipReport.self, from: JSONEncoder().encode(report))
    #expect(again == report)
  }

  @Test func tables() {
    let timeline = timeline([part(0.25, 1), part(1.005, 1.5, high: 400.25), nil, part(3, 3.5, 1)])
    #expect(
      timeline.csv == """
        start,end,label,probability,explained_label,region_start,region_end,low_hz,high_hz
        0.000000,1.000000,dog,0.5,dog,0.250000,1.000000,100.0,200.0
        1.000000,2.000000,dog,0.5,dog,1.005000,1.500000,100.0,400.2
        2.000000,3.000000,"a,\tb",0.5,,,,,
        3.000000,4.000000,dog,0.5,"a,\tb",3.000000,3.500000,100.0,200.0

        """)
    // As Audacity writes ranges of frequency.
    #expect(
      timeline.audacityRegions == """
        0.250000\t1.500000\tdog
        \\\t100.0\t400.2
        3.000000\t3.500000\ta, b
        \\\t100.0\t200.0

        """)
  }
}
