import PIQAudio
import PIQTraining

/// Which clips a training uses for what.
enum TrainingPart {
  /// As the recipe says.
  case asked
  /// One of the trainings of a cross-validation.
  case fold(CrossValidation.Fold)
  /// Those of some classes, to an end that a cross-validation chose.
  case leftOut(LeftOutClasses, TrainingEnd)
  /// All, to an end that a cross-validation chose.
  case all(TrainingEnd, known: KnownScore.Settings?, figures: [String: MeasuredFigures])

  /// The fold that is measured.
  var fold: CrossValidation.Fold? {
    if case .fold(let fold) = self { fold } else { nil }
  }

  /// The classes that are left out.
  var leftOut: LeftOutClasses? {
    if case .leftOut(let division, _) = self { division } else { nil }
  }

  /// When it ends, where a cross-validation chose that.
  var ending: TrainingEnd? {
    switch self {
    case .asked, .fold: nil
    case .leftOut(_, let end), .all(let end, _, _): end
    }
  }

  /// What turns the similarity of a sound to the classes into `known`.
  var known: KnownScore.Settings? {
    switch self {
    case .asked, .fold: nil
    // The similarity itself is wanted, whatever the function of it.
    case .leftOut: KnownScore.Settings(weight: 1, bias: 0)
    case .all(_, let known, _): known
    }
  }

  /// What was measured of models of the same recipe.
  var figures: [String: MeasuredFigures] {
    if case .all(_, _, let figures) = self { figures } else { [:] }
  }

  /// Whether it trains on all clips, after a cross-validation.
  var isOfAll: Bool { if case .all = self { true } else { false } }

  /// What a cross-validation decided about it, a line each.
  var decisions: [String] {
    get throws {
      guard let ending else { return [] }
      let end = ["\(ending.epoch)", try JSON.line(ending.validation)]
      return isOfAll ? try end + [JSON.line(known), JSON.line(figures)] : end
    }
  }

  /// What precedes its messages.
  var title: String {
    fold.map { "fold \($0.test): " } ?? leftOut.map {
      "without \($0.classes.map(printable).joined(separator: " and ")): "
    } ?? ""
  }
}

/// The record of an epoch, and what part of a cross-validation it is of.
struct PartRecord: Encodable {
  private let record: TrainingRecord
  private let part: TrainingPart

  /// The record of an epoch of `part`.
  init(_ record: TrainingRecord, of part: TrainingPart) {
    (self.record, self.part) = (record, part)
  }

  func encode(to encoder: any Encoder) throws {
    try record.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encodeIfPresent(part.fold?.test, forKey: .fold)
    try container.encodeIfPresent(part.leftOut?.classes, forKey: .leftOut)
  }

  private enum Key: String, CodingKey {
    case fold
    case leftOut = "left_out"
  }
}
