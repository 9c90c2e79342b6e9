import CPIQVorbis

/// Decodes the packets of a Vorbis stream with libvorbis.
final class VorbisDecoder: OggDecoder {
  static let mark = [1] + Array("vorbis".utf8)
  static let name = "Vorbis"
  static let headerCount = 3

  let sampleRate: Int
  let channels: Int
  let granulesPerFrame = 1
  let skip = 0
  let hasVorbisOrder = true

  // At addresses that stay: libvorbis keeps pointers from one to the other.
  private let info = UnsafeMutablePointer<vorbis_info>.allocate(capacity: 1)
  private let comment = UnsafeMutablePointer<vorbis_comment>.allocate(capacity: 1)
  private let state = UnsafeMutablePointer<vorbis_dsp_state>.allocate(capacity: 1)
  private let block = UnsafeMutablePointer<vorbis_block>.allocate(capacity: 1)
  private var isStarted = false
  private var number: ogg_int64_t = 0

  init(headers: [[UInt8]]) throws(OggRefusal) {
    let (info, comment) = (info, comment)
    vorbis_info_init(info)
    vorbis_comment_init(comment)
    var status: Int32 = headers.count < Self.headerCount ? -1 : 0
    for (i, header) in headers.enumerated() where status == 0 {
      status = Self.withPacket(header, number: ogg_int64_t(i)) {
        vorbis_synthesis_headerin(info, comment, &$0)
      }
    }
    (sampleRate, channels) = (Int(info.pointee.rate), Int(info.pointee.channels))
    guard status == 0, sampleRate > 0, channels > 0, vorbis_synthesis_init(state, info) == 0 else {
      throw OggRefusal(reason: "the headers of its Vorbis stream are not valid")
    }
    isStarted = vorbis_block_init(state, block) == 0
    guard isStarted else {
      vorbis_dsp_clear(state)
      throw OggRefusal(reason: "libvorbis cannot decode its Vorbis stream")
    }
  }

  deinit {
    if isStarted {
      vorbis_block_clear(block)
      vorbis_dsp_clear(state)
    }
    vorbis_comment_clear(comment)
    vorbis_info_clear(info)
    block.deallocate()
    state.deallocate()
    comment.deallocate()
    info.deallocate()
  }

  func decode(_ packet: [UInt8]) -> [Float]? {
    number += 1
    // Headers are three; audio packets count on.
    let status = Self.withPacket(packet, number: number + 2) { vorbis_synthesis(block, &$0) }
    guard status == 0, vorbis_synthesis_blockin(state, block) == 0 else { return nil }
    var samples: [Float] = []
    var pcm: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?
    while case let count = Int(vorbis_synthesis_pcmout(state, &pcm)), count > 0, let pcm {
      let start = samples.count
      samples += [Float](repeating: 0, count: count * channels)
      for channel in 0..<channels {
        guard let source = pcm[channel] else { continue }
        for frame in 0..<count { samples[start + frame * channels + channel] = source[frame] }
      }
      guard vorbis_synthesis_read(state, Int32(count)) == 0 else { return nil }
    }
    return samples
  }

  func restart() { vorbis_synthesis_restart(state) }

  /// Positions and the end are the business of `OggSource`, so that no packet has them.
  private static func withPacket(
    _ bytes: [UInt8], number: ogg_int64_t, _ body: (inout ogg_packet) -> Int32
  ) -> Int32 {
    var bytes = bytes
    return bytes.withUnsafeMutableBufferPointer { buffer in
      var packet = ogg_packet()
      packet.packet = buffer.baseAddress
      packet.bytes = buffer.count
      packet.b_o_s = number == 0 ? 1 : 0
      packet.granulepos = -1
      packet.packetno = number
      return body(&packet)
    }
  }
}
