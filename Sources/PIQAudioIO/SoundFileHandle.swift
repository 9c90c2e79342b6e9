import CPIQSndfile
import Synchronization

/// An open SNDFILE and the bytes it works on.
final class SoundFileHandle {
  let bytes: FileBytes
  /// libsndfile's description of the file.
  let info: SF_INFO
  private var file: OpaquePointer?

  /// libsndfile keeps the reason of a failed open in global variables.
  private static let opening = Mutex<Void>(())

  /// Why libsndfile refused to open a file: its number and its words.
  struct Refusal: Error {
    let code: Int32
    let reason: String
  }

  /// Opens `bytes` in `mode` (SFM_READ or SFM_WRITE). `info` describes the file to be written.
  init(_ bytes: FileBytes, mode: Int, info: SF_INFO = SF_INFO()) throws(Refusal) {
    var info = info
    var file: OpaquePointer?
    var refusal: Refusal?
    Self.opening.withLock { _ in
      var io = FileBytes.virtualIO
      file = sf_open_virtual(&io, Int32(mode), &info, bytes.userData)
      if file == nil {
        refusal = Refusal(code: sf_error(nil), reason: String(cString: sf_strerror(nil)))
      }
    }
    if let refusal { throw refusal }
    self.bytes = bytes
    self.info = info
    self.file = file
  }

  deinit { close() }

  /// Flushes and closes the file; returns whether that succeeded.
  @discardableResult
  func close() -> Bool {
    guard let open = file else { return true }
    file = nil
    return sf_close(open) == 0
  }

  /// Reads up to `count` frames into `destination`, channels interleaved.
  func read(into destination: UnsafeMutablePointer<Float>, frames count: Int) -> Int {
    max(0, Int(sf_readf_float(file, destination, Int64(count))))
  }

  func write(_ samples: UnsafePointer<Float>, count: Int) -> Int {
    Int(sf_writef_float(file, samples, Int64(count)))
  }

  func write(_ samples: UnsafePointer<Int32>, count: Int) -> Int {
    Int(sf_writef_int(file, samples, Int64(count)))
  }

  /// Keeps a timestamp out of float WAV files.
  func omitPeakChunk() { sf_command(file, Int32(SFC_SET_ADD_PEAK_CHUNK), nil, Int32(SF_FALSE)) }

  /// Writes an RF64 file that turns out small enough as plain WAV.
  func preferWAV() { sf_command(file, Int32(SFC_RF64_AUTO_DOWNGRADE), nil, Int32(SF_TRUE)) }

  /// The last error in libsndfile's words, or nil.
  var error: String? { sf_error(file) == 0 ? nil : String(cString: sf_strerror(file)) }

  /// The names of the container and of the encoding in it.
  var formatName: String {
    [Int32(SF_FORMAT_TYPEMASK), Int32(SF_FORMAT_SUBMASK)]
      .compactMap { mask in
        var description = SF_FORMAT_INFO()
        description.format = info.format & mask
        let size = Int32(MemoryLayout<SF_FORMAT_INFO>.size)
        guard sf_command(file, Int32(SFC_GET_FORMAT_INFO), &description, size) == 0 else {
          return nil
        }
        return description.name.map { String(cString: $0) }
      }
      .joined(separator: ", ")
  }

  /// libsndfile's log of reading the header.
  var log: String {
    var text = [UInt8](repeating: 0, count: 16 << 10)
    let length = sf_command(file, Int32(SFC_GET_LOG_INFO), &text, Int32(text.count))
    return String(decoding: text.prefix(max(0, min(Int(length), text.count))), as: UTF8.self)
  }
}
