import Foundation
import PIQAudio
import PIQPipeline
import PIQPlotting

/// A clip's data in the page, beside its row in the table: a script element of JSON, and one for each
/// sound and picture in base64. Browsers do not decode them until the clip is chosen.
public struct ClipBlock: Sendable {
  /// The elements as UTF-8.
  public let bytes: [UInt8]
  /// The errors of files that exist but could not be used; the clip is shown without them.
  public let errors: [any Error]
  /// Whether neither the original nor files to compute it from exist.
  public let lacksOriginal: Bool

  /// Reads and encodes the files of `clip`, the page's clip number `index`.
  ///
  /// - Throws: `SoundFileError` for a sound that cannot be encoded.
  init(_ clip: ClipResult, index: Int) throws {
    let sounds = ClipSounds(clip)
    let (pictures, pictureErrors) = ClipPictures.load(clip)
    errors = sounds.errors + pictureErrors
    lacksOriginal = sounds.originalProblem != nil

    var parts = try sounds.encoded(name: clip.path)
    var info = ClipInfo(clip)
    info.sampleRate = sounds.sampleRate
    info.sounds = parts.map(\.name)
    switch pictures {
    case .panels(let panels):
      parts += [
        ("panel-input", panels.input), ("panel-mask", panels.mask),
        ("panel-interpretation", panels.interpretation),
      ]
      info.axes = panels.axes
    case .figure(let figure):
      parts.append(("figure", figure))
      info.notes.append("Without its arrays (.npz) this clip has a picture and no playhead.")
    case nil: info.notes.append("Neither arrays (.npz) nor a picture are there.")
    }
    if let problem = sounds.originalProblem {
      info.notes.append(
        "\(problem) Make the report in the folder of the run, or write residuals in the run, to hear "
          + "original and residual.")
    }
    if sounds.interpretation == nil && (sounds.original == nil || sounds.residual == nil) {
      info.notes.append("The interpretation cannot be heard.")
    }
    if let warning = clip.report.warning { info.notes.append("Original: \(printable(warning)).") }
    info.notes += errors.map { "\($0)." }

    var text = #"<script type="application/json" id="clip-\#(index)">"#
    text += try scriptJSON(info) + "</script>\n"
    var bytes = [UInt8](text.utf8)
    for part in parts {
      let start = #"<script type="application/octet-stream" id="clip-\#(index)-\#(part.name)">"#
      bytes += start.utf8
      bytes += Data(part.bytes).base64EncodedData()
      bytes += "</script>\n".utf8
    }
    self.bytes = bytes
  }
}

/// The JSON of a clip for the page's script.
struct ClipInfo: Encodable {
  let name: String
  let input: String
  let label: String
  let probability: Float
  /// How likely it is that the sound is of any class; nil where that is not known.
  let known: Float?
  let top: [Candidate]
  /// What carried the class; nil where that is not known.
  let region: Box?
  /// In seconds.
  let duration: Double
  /// Samples a second of the sounds.
  var sampleRate: Int?
  /// The names of the sounds that follow.
  var sounds: [String] = []
  /// The positions of seconds and hertz on the panels; nil where none follow.
  var axes: InterpretationPanels.Axes?
  /// Remarks about missing files, for readers.
  var notes: [String] = []

  /// In seconds and hertz.
  struct Box: Encodable {
    let start, end, low, high: Double
  }

  struct Candidate: Encodable {
    let label: String
    let probability: Float
  }

  init(_ clip: ClipResult) {
    name = printable(clip.name)
    input = printable(clip.report.input)
    label = printable(clip.report.label)
    probability = clip.report.probability
    known = clip.report.known
    top = clip.report.top.map { Candidate(label: printable($0.label), probability: $0.probability) }
    duration = clip.report.duration
    region = clip.report.region.map {
      Box(start: $0.start, end: $0.end, low: $0.low, high: $0.high)
    }
  }
}
