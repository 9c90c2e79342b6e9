import CPIQFLAC

/// A decoder of libFLAC, which gives one frame after the other.
///
/// libsndfile also decodes FLAC with libFLAC, but stops at the first damaged frame.
final class FLACDecoder {
  /// What the file holds, by its STREAMINFO block.
  struct StreamInfo {
    let sampleRate: Int
    let channels: Int
    let bits: Int
    /// The number of frames; nil if the encoder did not know it.
    let frames: Int?
  }

  /// A frame of FLAC: some frames of sound.
  struct Frame {
    let block: SoundBlock
    /// The number of its first sample in the stream.
    let position: Int
    /// Whether its checksum is wrong.
    let isDamaged: Bool
    /// Whether something else was before it.
    let followsError: Bool
  }

  private(set) var info: StreamInfo?
  /// The place behind the last frame, in bytes.
  private(set) var end = 0
  private let bytes: FileBytes
  private let decoder: UnsafeMutablePointer<FLAC__StreamDecoder>
  private var offset = 0
  private var frame: Frame?
  private var (hasError, hasWrongChecksum) = (false, false)

  /// A decoder of `bytes`; nil where libFLAC has no memory.
  init?(_ bytes: FileBytes) {
    guard let decoder = FLAC__stream_decoder_new() else { return nil }
    self.decoder = decoder
    self.bytes = bytes
    let status = FLAC__stream_decoder_init_stream(
      decoder,
      { _, buffer, count, client in
        FLACDecoder.from(client)?.read(buffer, count) ?? FLAC__STREAM_DECODER_READ_STATUS_ABORT
      }, nil,
      { _, offset, client in
        offset?.pointee = FLAC__uint64(FLACDecoder.from(client)?.offset ?? 0)
        return FLAC__STREAM_DECODER_TELL_STATUS_OK
      }, nil, nil,
      { _, frame, samples, client in
        FLACDecoder.from(client)?.take(frame, samples)
          ?? FLAC__STREAM_DECODER_WRITE_STATUS_ABORT
      }, { _, metadata, client in FLACDecoder.from(client)?.take(metadata) },
      { _, status, client in FLACDecoder.from(client)?.note(status) },
      Unmanaged.passUnretained(self).toOpaque())
    guard status == FLAC__STREAM_DECODER_INIT_STATUS_OK else { return nil }
  }

  deinit { FLAC__stream_decoder_delete(decoder) }

  private static func from(_ client: UnsafeMutableRawPointer?) -> FLACDecoder? {
    client.map { Unmanaged<FLACDecoder>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The next frame that can be used; nil at the end.
  func next() -> Frame? {
    frame = nil
    while frame == nil {
      guard FLAC__stream_decoder_process_single(decoder) != 0,
        FLAC__stream_decoder_get_state(decoder) != FLAC__STREAM_DECODER_END_OF_STREAM
          || frame != nil
      else { return nil }
    }
    // At the end of the file it is no longer known.
    var place: FLAC__uint64 = 0
    if FLAC__stream_decoder_get_decode_position(decoder, &place) != 0 {
      end = Int(clamping: place)
    }
    return frame
  }

  private func read(
    _ buffer: UnsafeMutablePointer<FLAC__byte>?, _ count: UnsafeMutablePointer<Int>?
  ) -> FLAC__StreamDecoderReadStatus {
    guard let buffer, let count, count.pointee > 0 else {
      return FLAC__STREAM_DECODER_READ_STATUS_ABORT
    }
    let loaded = bytes.bytes(at: offset, count: count.pointee)
    buffer.update(from: loaded, count: loaded.count)
    offset += loaded.count
    count.pointee = loaded.count
    return loaded.isEmpty
      ? FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM : FLAC__STREAM_DECODER_READ_STATUS_CONTINUE
  }

  private func note(_ status: FLAC__StreamDecoderErrorStatus) {
    hasError = true
    if status == FLAC__STREAM_DECODER_ERROR_STATUS_FRAME_CRC_MISMATCH { hasWrongChecksum = true }
  }

  private func take(_ metadata: UnsafePointer<FLAC__StreamMetadata>?) {
    guard let metadata, metadata.pointee.type == FLAC__METADATA_TYPE_STREAMINFO, info == nil else {
      return
    }
    let stream = metadata.pointee.data.stream_info
    info = StreamInfo(
      sampleRate: Int(stream.sample_rate), channels: Int(stream.channels),
      bits: Int(stream.bits_per_sample),
      frames: stream.total_samples > 0 ? Int(clamping: stream.total_samples) : nil)
  }

  private func take(
    _ frame: UnsafePointer<FLAC__Frame>?, _ samples: UnsafePointer<UnsafePointer<FLAC__int32>?>?
  ) -> FLAC__StreamDecoderWriteStatus {
    guard let header = frame?.pointee.header, let samples else {
      return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT
    }
    let (count, channels) = (Int(header.blocksize), Int(header.channels))
    let rate = header.sample_rate > 0 ? Int(header.sample_rate) : info?.sampleRate ?? 0
    guard rate > 0, channels > 0, (1...32).contains(header.bits_per_sample) else {
      return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE
    }
    let scale = 1 / Float(UInt64(1) << (header.bits_per_sample - 1))
    var values = [Float](repeating: 0, count: count * channels)
    for channel in 0..<channels {
      guard let source = samples[channel] else { continue }
      for i in 0..<count { values[i * channels + channel] = Float(source[i]) * scale }
    }
    self.frame = Frame(
      block: SoundBlock(samples: values, channels: channels, sampleRate: rate),
      position: Int(clamping: header.number.sample_number), isDamaged: hasWrongChecksum,
      followsError: hasError)
    (hasError, hasWrongChecksum) = (false, false)
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE
  }
}
