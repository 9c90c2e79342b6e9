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
