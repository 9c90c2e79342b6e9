import Foundation
import PIQAudioIO
import PIQPipeline
import PIQSpectral
import TestSupport
import Testing

/// What the windows of a recording add up to, without a model.
@Suite struct RecordingResultTests {
  private let folder: TemporaryFolder
  private let windows = SlidingWindows(length: 4, overlap: 0)

  init() throws { folder = try TemporaryFolder() }

  private func report() throws -> ClipReport {
    let fields: [String: Any] = [
      "input": "a.wav", "label": "dog", "index": 1, "probability": 0.5, "top": [Any](),
      "model": ["name": "m", "sha256": "0"], "sample_rate": 16_000, "channels": 1, "duration": 1,
      "outputs": [String: String](),
    ]
    return try JSONDecoder().decode(
      ClipReport.self, from: JSONSerialization.data(withJSONObject: fields))
  }

  /// Adds windows of 4 samples whose classes are `classes`; nil for silence.
  private func result(
    _ classes: [Int?], outputs: [OutputKind]
  ) throws -> (result: RecordingResult, report: ClipReport, paths: [String: String]) {
    let paths = Dictionary(
      uniqueKeysWithValues: outputs.map { ($0.name, folder("a" + $0.suffix(.wav))) })
    let recording = WindowedRecording(
      name: "a.wav", duration: nil, labels: ["cat", "dog"], stft: .speechBrainPIQ)
    var result = try RecordingResult(recording, outputs: paths)
    var cutter = WindowCutter(windows)
    var blocks = [(0..<4 * classes.count).map { Float($0) / 100 }][...]
    var i = 0
    while let window = cutter.next({ blocks.popFirst() }) {
      let index = classes[i]
      try result.add(
        ClassifiedWindow(
          entry: Timeline.Entry(
            samples: window.start..<window.end, span: windows.span(of: window), classIndex: index,
            probability: index == nil ? 0 : 0.75, isExplained: index != nil),
          probabilities: index.map { $0 == 0 ? [0.75, 0.25] : [0.25, 0.75] }),
        window, sound: window.samples.map { $0 / 2 })
      i += 1
    }
    var report = try report()
    try result.finish(&report)
    return (result, report, paths)
  }

  @Test func theMeanIsOverTheWindowsThatAreNotSilent() throws {
    #expect(try result([0, nil, 1], outputs: []).result.means == [0.5, 0.5])
    #expect(try result([0, nil, 0], outputs: []).result.means == [0.75, 0.25])
    #expect(try result([nil, nil], outputs: []).result.means == nil)
  }

  @Test func outputsOfWindowsAreWrittenAndReported() throws {
    let (result, report, paths) = try result(
      [0, 1],
      outputs: OutputKind.ofWindows.filter {
        $0.name != OutputKind.spectrogram.name
      })
    #expect(report.outputs == paths)
    #expect(result.timeline.entries.count == 2)
    let sound = try Recording.read(path: #require(paths["audio"])).samples
    let residual = try Recording.read(path: #require(paths["residual"])).samples
    #expect(sound.count == 8 && sound == residual)
    let table = try String(contentsOfFile: #require(paths["timeline"]), encoding: .utf8)
    #expect(table.split(separator: "\n").count == 3)
    let json = try Data(contentsOf: URL(filePath: #require(paths["json"])))
    #expect(try JSONDecoder().decode(ClipReport.self, from: json) == report)
  }

  @Test func nothingAppearsBeforeTheEnd() throws {
    let recording = WindowedRecording(
      name: "a.wav", duration: nil, labels: ["cat"], stft: .speechBrainPIQ)
    do {
      let outputs = ["audio": folder("a.wav"), "json": folder("a.json")]
      _ = try RecordingResult(recording, outputs: outputs)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
