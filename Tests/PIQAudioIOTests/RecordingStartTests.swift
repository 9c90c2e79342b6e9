import Foundation
import PIQAudioIO
import TestSupport
import Testing

/// Times that recorders leave in names and metadata.
@Suite struct RecordingStartTests {
  @Test(arguments: [
    ("20191125_000000.WAV", "2019-11-25T00:00:00"),
    ("20191125_003000T.WAV", "2019-11-25T00:30:00"),
    ("24F31901603710F7_20191125_235959.WAV", "2019-11-25T23:59:59"),
    ("SMA00351_20190525_051500.wav", "2019-05-25T05:15:00"),
    ("SITE_20190525$051500.wav", "2019-05-25T05:15:00"),
    ("20190401T000000+1000_REC.flac", "2019-04-01T00:00:00+10:00"),
    ("20190401T000000-0330_REC.flac", "2019-04-01T00:00:00-03:30"),
    ("2024-02-29 06:07:08Z.wav", "2024-02-29T06:07:08Z"),
    ("5DDC1F2C.WAV", "2019-11-25T18:36:28Z"),
  ])
  func names(_ name: String, _ time: String) throws {
    #expect(RecordingStart(name: name)?.time(after: 0) == time)
  }

  @Test(arguments: [
    "clip.wav", "1-34119-B-1.ogg", "20191325_000000.wav", "20230229_000000.wav",
    "20191125_250000.wav", "120191125_000000.wav", "20191125_0000001.wav", "DEADBEEF.wav",
    "00000001.WAV", "20190401T000000+2500_REC.flac", "",
  ])
  func namesWithoutTime(_ name: String) {
    #expect(RecordingStart(name: name) == nil)
  }

  @Test func timesAfterTheStart() throws {
    let start = try #require(RecordingStart(name: "20191231_235958.wav"))
    #expect(start.time(after: 2.5) == "2020-01-01T00:00:00.5")
    #expect(start.time(after: 0.0005) == "2019-12-31T23:59:58.001")
    #expect(start.time(after: 86_400) == "2020-01-01T23:59:58")
  }

  /// A WAV file of one sample with further chunks, in order around its sound.
  private func wav(before: [(String, [UInt8])] = [], after: [(String, [UInt8])] = []) -> Data {
    func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
    func chunk(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
      Array(name.utf8) + number(bytes.count) + bytes + (bytes.count % 2 == 1 ? [0] : [])
    }
    let format = [1, 0, 1, 0] + number(8000) + number(16_000) + [2, 0, 16, 0]
    var body = Array("WAVE".utf8) + chunk("fmt ", format)
    for (name, bytes) in before { body += chunk(name, bytes) }
    body += chunk("data", [0, 0])
    for (name, bytes) in after { body += chunk(name, bytes) }
    return Data(Array("RIFF".utf8) + number(body.count) + body)
  }

  @Test func metadataComesBeforeTheName() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/20191125_000000.WAV"
    func time(_ data: Data) throws -> String? {
      try data.write(to: URL(filePath: path))
      return RecordingStart(path: path)?.time(after: 0)
    }
    #expect(try time(wav()) == "2019-11-25T00:00:00")
    let guano = "GUANO|Version: 1.0\nMake: Wildlife\nTimestamp: 2021-06-01T22:03:04.5-07:00\n"
    #expect(try time(wav(after: [("guan", Array(guano.utf8))])) == "2021-06-01T22:03:04-07:00")
    let comment = "Recorded at 19:17:30 05/12/2020 (UTC+2) by AudioMoth 24F319 at medium gain"
    let text = Array(comment.utf8) + [0]
    let list = Array("INFOICMT".utf8) + [UInt8(text.count), 0, 0, 0] + text
    #expect(try time(wav(before: [("LIST", list)])) == "2020-12-05T19:17:30+02:00")
    #expect(
      try time(wav(after: [("guan", Array("Timestamp: soon".utf8))])) == "2019-11-25T00:00:00")
    #expect(try time(Data("RIFF".utf8)) == "2019-11-25T00:00:00")
  }
}
