/// A decoder of the packets of one Ogg stream.
protocol OggDecoder: AnyObject, SendableMetatype {
  /// What the first packet of such a stream begins with.
  static var mark: [UInt8] { get }
  /// The codec's name.
  static var name: String { get }
  /// How many packets at the beginning are headers.
  static var headerCount: Int { get }

  /// A decoder of a stream with these header packets.
  ///
  /// - Throws: `OggRefusal` for headers that are damaged.
  init(headers: [[UInt8]]) throws(OggRefusal)

  /// Frames a second.
  var sampleRate: Int { get }
  /// Channels a frame.
  var channels: Int { get }
  /// Whether three channels and more are in Vorbis' order.
  var hasVorbisOrder: Bool { get }
  /// How many units of a page's position a frame has.
  var granulesPerFrame: Int { get }
  /// Frames at the beginning that are no sound.
  var skip: Int { get }

  /// The samples that a packet completes, channels interleaved; nil for a damaged packet.
  func decode(_ packet: [UInt8]) -> [Float]?
  /// Forgets the packets before: the next one does not follow them.
  func restart()
}

/// Headers that cannot be used, in words that complete "is damaged: …".
struct OggRefusal: Error {
  let reason: String
}

/// The decoders that there are.
let oggDecoders: [any OggDecoder.Type] = [VorbisDecoder.self, OpusDecoder.self]

/// The order of channels in Vorbis and Opus (Vorbis I, 4.3.9; RFC 7845, 5.1.1.2).
enum VorbisOrder {
  /// For each number of channels, where those of WAV's order are.
  private static let places = [
    3: [0, 2, 1], 5: [0, 2, 1, 3, 4], 6: [0, 2, 1, 5, 3, 4], 7: [0, 2, 1, 6, 5, 3, 4],
    8: [0, 2, 1, 7, 5, 6, 3, 4],
  ]

  /// `samples`, channels interleaved, in WAV's order, as all other formats have them.
  static func reordered(_ samples: [Float], channels: Int) -> [Float] {
    guard let places = places[channels] else { return samples }
    var result = samples
    for frame in stride(from: 0, to: samples.count - channels + 1, by: channels) {
      for (channel, place) in places.enumerated() {
        result[frame + channel] = samples[frame + place]
      }
    }
    return result
  }
}
