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

  /// The most frames in a block, so that memory stays flat.
  static func mostFrames(channels: Int) -> Int { max(1, (64 << 10) / channels) }
}

/// A decoder of one sound file. It reads on until there is nothing left, whatever a header says.
protocol SoundSource: AnyObject {
  /// The container and the encoding in it.
  var formatName: String { get }
  /// How many frames a header or the size of the file promise; nil if they do not. Not reliable.
  var declaredFrames: Int? { get }
  /// What was found amiss so far; complete after the last block.
  var remarks: SoundRemarks { get }

  /// The next frames; nil at the end. A file of several parts may change its rate and channels.
  ///
  /// - Throws: `SoundFileError` where nothing can be decoded.
  func next() throws(SoundFileError) -> SoundBlock?
}
