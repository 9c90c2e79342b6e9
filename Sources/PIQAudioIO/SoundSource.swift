/// Consecutive frames of a sound.
struct SoundBlock {
  /// The channels of each frame side by side; full scale is ±1.
  var samples: [Float]
  /// Channels a frame; positive.
  var channels: Int
  /// Frames a second; positive.
  var sampleRate: Int

  /// The number of frames.
  var frames: Int { samples.count / channels }

  /// The samples of one channel, from 1; of all, side by side, if nil.
  ///
  /// - Parameter path: of the file, for errors.
  /// - Throws: `SoundFileError` where there is no such channel.
  func samples(of channel: Int?, path: String) throws(SoundFileError) -> [Float] {
    guard let channel else { return samples }
    guard (1...channels).contains(channel) else {
      throw SoundFileError(path: path, problem: .noChannel(channel, of: channels))
    }
    guard channels > 1 else { return samples }
    return stride(from: channel - 1, to: samples.count, by: channels).map { samples[$0] }
  }

  /// The most frames in a block, so that memory stays flat.
  static func mostFrames(channels: Int) -> Int { max(1, (64 << 10) / channels) }
}

/// A decoder of one sound file. It reads on until there is nothing left, whatever a header says.
protocol SoundSource: AnyObject {
  /// The container and the encoding in it.
  var formatName: String { get }
  /// How a sample is stored, where it is an integer of 16 or 24 bits; nil for other encodings.
  var encoding: SampleEncoding? { get }
  /// How many frames a header or the size of the file promise; nil if they do not. Not reliable.
  var declaredFrames: Int? { get }
  /// What was found amiss so far; complete after the last block.
  var remarks: SoundRemarks { get }

  /// The next frames; nil at the end. A file of several parts may change its rate and channels.
  ///
  /// - Throws: `SoundFileError` where nothing can be decoded.
  func next() throws(SoundFileError) -> SoundBlock?
}

extension SoundSource {
  /// None: what lossy decoders give is not integers.
  var encoding: SampleEncoding? { nil }
}
