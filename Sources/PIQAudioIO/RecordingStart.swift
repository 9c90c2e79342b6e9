import Foundation
import PIQPlatform

/// When a recording began, by its recorder: from the GUANO metadata or the comment of an AudioMoth in
/// a WAV file, or from the file's name.
///
///     let start = RecordingStart(path: "SMA00351_20190525_051500.wav")
///     start?.time(after: 2.5)  // "2019-05-25T05:15:02.5"
public struct RecordingStart: Sendable, Equatable {
  /// The clock's time as if it were UTC.
  private let clock: Date
  /// The offset of the clock from UTC in minutes; nil where unknown.
  private let offset: Int?

  // They take long to be compiled, and are never changed.
  nonisolated(unsafe) private static let datedName =
    #/(?:^|[^0-9])([0-9]{4})-?([0-9]{2})-?([0-9]{2})[T_$ ]([0-9]{2})[-:]?([0-9]{2})[-:]?([0-9]{2})(Z|[+-][0-9]{4})?(?:[^0-9]|$)/#
  nonisolated(unsafe) private static let hexadecimalName =
    #/^([0-9A-F]{8})\.[Ww][Aa][Vv]$/#
  nonisolated(unsafe) private static let guanoTimestamp =
    #/([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?/#
  nonisolated(unsafe) private static let audioMothComment =
    #/Recorded at ([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)? ([0-9]{2})/([0-9]{2})/([0-9]{4}) \(UTC([+-][0-9]{1,2})?(?::([0-9]{2}))?\)/#

  /// The start of the recording at `path`; nil where neither metadata nor name has one.
  public init?(path: String) {
    let texts = path == "-" ? [:] : RIFFMetadata(path: path).texts
    let found =
      texts["guan"].flatMap(Self.init(guano:)) ?? texts["ICMT"].flatMap(Self.init(comment:))
      ?? Self(name: Folder.name(of: path))
    guard let found else { return nil }
    self = found
  }

  /// That in a name with date and time, as AudioMoth (`20191125_000000.WAV`), Song Meter
  /// (`SITE_20191125_000000.wav`) and others (`20190401T000000+1000_REC.flac`) give; or in the eight
  /// hexadecimal digits of old AudioMoths (`5DDC1F2C.WAV`), seconds since 1970.
  public init?(name: String) {
    if let found = try? Self.datedName.firstMatch(in: name) {
      self.init(
        [found.1, found.2, found.3, found.4, found.5, found.6], zone: found.7.map { String($0) })
      return
    }
    guard let found = try? Self.hexadecimalName.wholeMatch(in: name),
      let seconds = Int(found.1, radix: 16),
      // From 2010 to 2040: others are no times.
      (1_262_304_000..<2_208_988_800).contains(seconds)
    else { return nil }
    self.init(clock: Date(timeIntervalSince1970: Double(seconds)), offset: 0)
  }

  /// That in the field `Timestamp` of GUANO metadata.
  init?(guano text: String) {
    let lines = text.split(whereSeparator: \.isNewline)
    guard let line = lines.first(where: { $0.hasPrefix("Timestamp:") }) else { return nil }
    guard let found = try? Self.guanoTimestamp.firstMatch(in: line) else { return nil }
    self.init(
      [found.1, found.2, found.3, found.4, found.5, found.6], zone: found.7.map { String($0) })
  }

  /// That in an AudioMoth's comment: "Recorded at 19:17:30 05/12/2020 (UTC+2) by AudioMoth ...".
  init?(comment text: String) {
    guard let found = try? Self.audioMothComment.firstMatch(in: text) else { return nil }
    let hours = found.7.flatMap { Int($0) } ?? 0
    let minutes = (found.8.flatMap { Int($0) } ?? 0) * (found.7?.hasPrefix("-") == true ? -1 : 1)
    self.init(
      [found.6, found.5, found.4, found.1, found.2, found.3], offset: 60 * hours + minutes)
  }

  /// - Parameter zone: `Z`, `+hhmm` or `+hh:mm`; nil where unknown.
  private init?(_ fields: [Substring], zone: String?) {
    var offset = zone == nil ? nil : 0
    if let zone, zone != "Z" {
      let digits = zone.filter(\.isNumber)
      guard let number = Int(digits), number % 100 < 60 else { return nil }
      offset = (number / 100 * 60 + number % 100) * (zone.hasPrefix("-") ? -1 : 1)
    }
    self.init(fields, offset: offset)
  }

  /// - Parameter fields: year, month, day, hour, minute, second.
  private init?(_ fields: [Substring], offset: Int?) {
    let numbers = fields.compactMap { Int($0) }
    guard numbers.count == 6, (1970..<2100).contains(numbers[0]), (1...12).contains(numbers[1]),
      (1...31).contains(numbers[2]), numbers[3] < 24, numbers[4] < 60, numbers[5] < 60,
      abs(offset ?? 0) <= 14 * 60
    else { return nil }
    let parts = DateComponents(
      year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4],
      second: numbers[5])
    guard let clock = Self.calendar.date(from: parts),
      Self.calendar.component(.day, from: clock) == numbers[2]
    else { return nil }
    self.init(clock: clock, offset: offset)
  }

  private init(clock: Date, offset: Int?) { (self.clock, self.offset) = (clock, offset) }

  private static let calendar: Calendar = {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    return calendar
  }()

  /// The time of day `seconds` after the start, in ISO 8601 to the millisecond: with the offset from
  /// UTC where it is known.
  public func time(after seconds: Double) -> String {
    let milliseconds = Int((seconds * 1000).rounded())
    let moment = clock.addingTimeInterval(Double(milliseconds / 1000))
    let parts = Self.calendar.dateComponents(
      [.year, .month, .day, .hour, .minute, .second], from: moment)
    var text = String(
      format: "%04d-%02d-%02dT%02d:%02d:%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0,
      parts.hour ?? 0, parts.minute ?? 0, parts.second ?? 0)
    if milliseconds % 1000 != 0 {
      var fraction = String(format: ".%03d", milliseconds % 1000)
      while fraction.hasSuffix("0") { fraction.removeLast() }
      text += fraction
    }
    guard let offset else { return text }
    if offset == 0 { return text + "Z" }
    return text
      + String(format: "%@%02d:%02d", offset < 0 ? "-" : "+", abs(offset) / 60, abs(offset) % 60)
  }
}

/// The texts in the chunks of a RIFF file that a recorder describes it by.
private struct RIFFMetadata {
  /// GUANO's, under `guan`, and comments, under `ICMT`.
  private(set) var texts: [String: String] = [:]

  init(path: String) {
    // Reading a pipe would take its sound away.
    guard FileStatus(path)?.kind == .regular,
      let bytes = try? FileBytes.reading(path: path, name: path)
    else { return }
    let head = bytes.bytes(at: 0, count: 12)
    guard ["RIFF", "RF64"].contains(where: { head.starts(with: $0.utf8) }),
      head.dropFirst(8).elementsEqual("WAVE".utf8)
    else { return }
    var (offset, rest) = (12, 1000)
    while rest > 0 {
      rest -= 1
      let chunk = bytes.bytes(at: offset, count: 8)
      guard chunk.count == 8 else { return }
      let size = chunk[4...].reversed().reduce(0) { $0 << 8 | Int($1) }
      let name = String(decoding: chunk[..<4], as: UTF8.self)
      if name == "LIST", bytes.bytes(at: offset + 8, count: 4).elementsEqual("INFO".utf8) {
        // Its chunks follow one another as those around it do.
        offset += 12
        continue
      }
      if ["guan", "ICMT"].contains(name) {
        texts[name] = String(
          decoding: bytes.bytes(at: offset + 8, count: min(size, 1 << 16)), as: UTF8.self)
      }
      offset += 8 + size + size % 2
    }
  }
}
