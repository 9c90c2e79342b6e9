import CPIQOpus
import Foundation

/// Decodes the packets of an Opus stream with libopus (RFC 7845).
final class OpusDecoder: OggDecoder {
  static let mark = Array("OpusHead".utf8)
  static let name = "Opus"
  static let headerCount = 2

  let sampleRate: Int
  let channels: Int
  let granulesPerFrame: Int
  let skip: Int
  let hasVorbisOrder: Bool

  private let gain: Float
  private let layout: (streams: Int32, coupled: Int32, mapping: [UInt8])
  private var decoder: OpaquePointer
  /// The rates that libopus decodes to, in hertz.
  private static let rates = [8000, 12_000, 16_000, 24_000, 48_000]

  init(headers: [[UInt8]]) throws(OggRefusal) {
    let head = headers.first ?? []
    let refusal = OggRefusal(reason: "the header of its Opus stream is not valid")
    guard head.count >= 19, head[8] < 16, head[9] > 0 else { throw refusal }
    channels = Int(head[9])
    // Other mappings give channels no meaning.
    hasVorbisOrder = head[18] == 1
    if head[18] == 0 {
      guard channels <= 2 else { throw refusal }
      layout = (1, channels == 2 ? 1 : 0, [0, 1])
    } else {
      guard head.count >= 21 + channels else { throw refusal }
      layout = (Int32(head[19]), Int32(head[20]), Array(head[21..<21 + channels]))
    }
    // The rate of what was encoded, where libopus has it; positions count at 48 kHz.
    let original = littleEndian(head[12..<16])
    sampleRate = Self.rates.contains(original) ? original : 48_000
    granulesPerFrame = 48_000 / sampleRate
    skip = littleEndian(head[10..<12]) / granulesPerFrame
    // In 256ths of a decibel.
    let decibels = Float(Int16(bitPattern: UInt16(littleEndian(head[16..<18])))) / 256
    gain = pow(10, decibels / 20)
    guard let decoder = Self.makeDecoder(sampleRate, channels, layout) else { throw refusal }
    self.decoder = decoder
  }

  deinit { opus_multistream_decoder_destroy(decoder) }

  private static func makeDecoder(
    _ sampleRate: Int, _ channels: Int,
    _ layout: (streams: Int32, coupled: Int32, mapping: [UInt8])
  ) -> OpaquePointer? {
    var status: Int32 = 0
    let decoder = opus_multistream_decoder_create(
      Int32(sampleRate), Int32(channels), layout.streams, layout.coupled, layout.mapping, &status)
    return status == OPUS_OK ? decoder : nil
  }

  func decode(_ packet: [UInt8]) -> [Float]? {
    // The longest packet lasts 120 ms.
    let most = sampleRate * 120 / 1000
    var isGood = true
    var samples = [Float](unsafeUninitializedCapacity: most * channels) { buffer, count in
      let frames = buffer.baseAddress.map {
        opus_multistream_decode_float(decoder, packet, Int32(packet.count), $0, Int32(most), 0)
      }
      isGood = frames.map { $0 >= 0 } ?? false
      count = max(0, Int(frames ?? 0)) * channels
    }
    guard isGood, !packet.isEmpty else { return nil }
    if gain != 1 { for i in samples.indices { samples[i] *= gain } }
    return samples
  }

  /// A new decoder: libopus resets one through a variadic function only, which Swift cannot call.
  func restart() {
    guard let fresh = Self.makeDecoder(sampleRate, channels, layout) else { return }
    opus_multistream_decoder_destroy(decoder)
    decoder = fresh
  }
}
