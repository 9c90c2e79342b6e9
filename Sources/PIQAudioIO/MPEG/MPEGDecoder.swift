import CPIQMpg123

/// A decoder of libmpg123 that is given one frame after the other.
///
/// libsndfile also decodes MP3 with libmpg123, but stops at the length that a header or the size of
/// the first frames suggest, and lets libmpg123 print to standard error.
final class MPEGDecoder {
  private let handle: OpaquePointer

  /// Why libmpg123 cannot decode, in its words.
  struct Refusal: Error {
    let reason: String
  }

  /// A decoder of one stream.
  ///
  /// - Parameter freeFormatSize: the size of frames that do not say it, in bytes.
  init(freeFormatSize: Int?) throws(Refusal) {
    // Does nothing in recent versions.
    try Self.check(mpg123_init())
    var code = Int32(MPG123_OK.rawValue)
    guard let handle = mpg123_new(nil, &code) else { throw Self.refusal(code) }
    self.handle = handle
    // Lengths and gaps are the business of `MPEGSource`, which knows the frames. Without reading
    // ahead, a frame is decoded when it is given.
    let flags =
      MPG123_QUIET.rawValue | MPG123_FORCE_FLOAT.rawValue | MPG123_SKIP_ID3V2.rawValue
      | MPG123_IGNORE_INFOFRAME.rawValue | MPG123_NO_READAHEAD.rawValue
    try Self.check(mpg123_param(handle, MPG123_FLAGS, Int(flags), 0))
    try Self.check(mpg123_param(handle, MPG123_RVA, Int(MPG123_RVA_OFF.rawValue), 0))
    try Self.check(mpg123_param(handle, MPG123_VERBOSE, 0, 0))
    if let freeFormatSize {
      try Self.check(mpg123_param(handle, MPG123_FREEFORMAT_SIZE, freeFormatSize, 0))
    }
    try Self.check(mpg123_open_feed(handle))
  }

  deinit { mpg123_delete(handle) }

  /// Decodes a frame.
  ///
  /// - Returns: its samples, channels interleaved; nil where they cannot be decoded.
  func decode(_ frame: ArraySlice<UInt8>) -> [Float]? {
    let fed = frame.withUnsafeBytes { bytes in
      mpg123_feed(handle, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    }
    guard fed == MPG123_OK.rawValue else { return nil }
    // The first frame is preceded by the announcement of its format.
    for _ in 0..<3 {
      var (number, count) = (off_t(0), 0)
      var audio: UnsafeMutablePointer<UInt8>?
      let status = mpg123_decode_frame(handle, &number, &audio, &count)
      if status == MPG123_NEW_FORMAT.rawValue {
        var (rate, channels, encoding) = (0, Int32(0), Int32(0))
        guard mpg123_getformat(handle, &rate, &channels, &encoding) == MPG123_OK.rawValue,
          encoding == Int32(MPG123_ENC_FLOAT_32.rawValue)
        else { return nil }
        continue
      }
      guard status == MPG123_OK.rawValue, let audio, count > 0 else { return nil }
      return [Float](unsafeUninitializedCapacity: count / MemoryLayout<Float>.size) {
        buffer, filled in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(
          from: UnsafeRawBufferPointer(
            start: audio, count: buffer.count * MemoryLayout<Float>.size))
        filled = buffer.count
      }
    }
    return nil
  }

  private static func check(_ code: Int32) throws(Refusal) {
    guard code == MPG123_OK.rawValue else { throw refusal(code) }
  }

  private static func refusal(_ code: Int32) -> Refusal {
    Refusal(reason: mpg123_plain_strerror(code).map { String(cString: $0) } ?? "error \(code)")
  }
}
