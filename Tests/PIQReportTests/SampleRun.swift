import Foundation
import PIQAudioIO
import PIQCheckpoints
import PIQReport
import PIQTensor
import TestSupport

/// A folder as `piq-audio interpret -o` leaves it, made by hand.
struct SampleRun {
  let folder: TemporaryFolder
  static let frames = 11
  static let bins = 9
  static let hop = 186
  static let rate = 16_000

  init() throws { folder = try TemporaryFolder() }

  /// What of a clip is to be there.
  struct Pieces: OptionSet {
    let rawValue: Int
    static let original = Pieces(rawValue: 1)
    static let audio = Pieces(rawValue: 2)
    static let arrays = Pieces(rawValue: 4)
    static let picture = Pieces(rawValue: 8)
    static let residual = Pieces(rawValue: 16)
    static let standard: Pieces = [.original, .audio, .arrays, .picture]
  }

  /// Up to the middle between the last frame and the next.
  static let original = (0..<(2 * frames - 1) * hop / 2).map { Float(sin(Double($0) / 7)) / 2 }
  static let interpretation = original.map { $0 / 4 }

  /// Writes the files of the clip `name`.
  ///
  /// - Returns: its result.
  @discardableResult
  func add(
    _ name: String, label: String = "rain", probability: Float = 0.75, _ pieces: Pieces = .standard,
    scale: Float = 1
  ) throws -> ClipResult {
    let stem = folder("results/\(name)")
    try folder.write("", to: "results/\(name).placeholder")
    try FileManager.default.removeItem(atPath: stem + ".placeholder")
    let input = folder("original \(UUID().uuidString).wav")
    func write(_ samples: [Float], _ path: String) throws {
      try Recording(samples: samples.map { scale * $0 }, sampleRate: Self.rate).write(to: path)
    }
    if pieces.contains(.original) { try write(Self.original, input) }
    if pieces.contains(.audio) {
      try write(Self.interpretation, stem + ".interpretation.wav")
    }
    if pieces.contains(.residual) {
      try write(zip(Self.original, Self.interpretation).map { $0 - $1 }, stem + ".residual.wav")
    }
    if pieces.contains(.arrays) { try writeArrays(stem + ".interpretation.npz") }
    if pieces.contains(.picture) {
      try Data([0x89, 0x50, 0x4E, 0x47, 1, 2, 3]).write(
        to: URL(filePath: stem + ".interpretation.png"))
    }
    try writeJSON(stem + ".interpretation.json", input: input, label, probability)
    return try ClipResult(path: stem + ".interpretation.json", in: results)
  }

  /// The folder of results.
  var results: String { folder("results") }

  private func writeArrays(_ path: String) throws {
    let count = Self.frames * Self.bins
    let ramp = (0..<count).map { Float($0) / Float(count) }
    func grid(_ scale: Float) -> NPZArray {
      .float32(Tensor(shape: [Self.frames, Self.bins], ramp.map { $0 * scale }))
    }
    try NPZ.write(
      [
        ("logspec", grid(3)), ("mask", grid(1)), ("interpretation", grid(2)),
        (
          "audio",
          .float32(Tensor(shape: [Self.interpretation.count], Self.interpretation))
        ),
      ], to: path)
  }

  private func writeJSON(
    _ path: String, input: String, _ label: String, _ probability: Float
  ) throws {
    let object: [String: Any] = [
      "input": input, "label": label, "index": 1, "probability": Double(probability),
      "top": [["label": label, "probability": Double(probability)]],
      "model": ["name": "small", "sha256": String(repeating: "ab", count: 32)],
      "sample_rate": Self.rate, "channels": 1, "normalize": "none",
      "stft": [
        "sample_rate": Self.rate, "n_fft": 1024, "hop_length": Self.hop, "win_length": 372,
      ],
      "duration": Double(Self.original.count) / Double(Self.rate), "outputs": [String: String](),
    ]
    try JSONSerialization.data(withJSONObject: object).write(to: URL(filePath: path))
  }
}

/// The page about `clips`, as text, and what its blocks say of errors.
func makePage(
  _ clips: [ClipResult], title: String = "Test", in run: SampleRun
) throws -> (text: String, blocks: [ClipBlock]) {
  let path = run.folder("page-\(UUID().uuidString).html")
  let page = ReportPage(clips: clips, title: title)
  let blocks = try clips.indices.map { try page.block($0) }
  let count = try page.write(to: path) { append in
    for block in blocks { try append(block) }
  }
  let data = try Data(contentsOf: URL(filePath: path))
  precondition(count == data.count, "the size that is told is that of the file")
  return (String(decoding: data, as: UTF8.self), blocks)
}
