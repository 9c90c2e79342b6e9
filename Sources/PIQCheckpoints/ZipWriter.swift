import CPIQZip
import Foundation
package import PIQPlatform

/// Packs an uncompressed zip archive in memory with libzip and writes it as an `AtomicFile`.
///
/// libzip would write its own temporary file, which would remain after an interruption, and would
/// report a full disk less clearly.
package final class ZipWriter {
  private let path: String
  private let target: OpaquePointer
  /// The open archive; nil once it is closed.
  private var handle: OpaquePointer?

  /// - Throws: `Failure` when libzip has no memory.
  package init(path: String) throws(Failure) {
    self.path = path
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard let target = zip_source_buffer_create(nil, 0, 0, &error) else {
      throw Self.failure(path, zip_error_strerror(&error))
    }
    guard let handle = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &error) else {
      zip_source_free(target)
      throw Self.failure(path, zip_error_strerror(&error))
    }
    // The archive frees its source when it closes, but the result is still read from it.
    zip_source_keep(target)
    self.target = target
    self.handle = handle
  }

  deinit {
    if let handle { zip_discard(handle) }
    zip_source_free(target)
  }

  /// Adds the entry `name`: `header`, then `data`. Both are copied.
  ///
  /// - Throws: `Failure` for a duplicate name.
  package func add(_ name: String, header: [UInt8], data: UnsafeRawBufferPointer) throws(Failure) {
    guard let handle else { return }
    let count = header.count + data.count
    guard let copy = malloc(max(count, 1)) else { throw Self.failure(path, strerror(ENOMEM)) }
    let bytes = UnsafeMutableRawBufferPointer(start: copy, count: count)
    bytes.copyBytes(from: header)
    UnsafeMutableRawBufferPointer(rebasing: bytes[header.count...]).copyMemory(from: data)
    guard let source = zip_source_buffer(handle, copy, UInt64(count), 1) else {
      free(copy)
      throw Self.failure(path, zip_strerror(handle))
    }
    let index = zip_file_add(handle, name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
    guard index >= 0 else {
      zip_source_free(source)
      throw Self.failure(path, zip_strerror(handle))
    }
    // The first day of DOS time, so that the bytes do not depend on the time of writing.
    let firstOfJanuary1980: UInt16 = 1 << 5 | 1
    guard zip_set_file_compression(handle, UInt64(index), ZIP_CM_STORE, 0) == 0,
      zip_file_set_dostime(handle, UInt64(index), 0, firstOfJanuary1980, 0) == 0
    else { throw Self.failure(path, zip_strerror(handle)) }
  }

  /// Closes the archive and puts it in place.
  ///
  /// - Throws: `Failure` when libzip fails or the file cannot be written.
  package func write() throws {
    guard handle != nil else { return }
    let bytes = try bytes()
    try bytes.withUnsafeBytes { try AtomicFile.write([$0], to: path) }
  }

  /// Closes the archive; nothing can be added any more.
  ///
  /// - Throws: `Failure` when libzip fails.
  package func bytes() throws(Failure) -> [UInt8] {
    guard let handle else { return [] }
    guard zip_close(handle) == 0 else { throw Self.failure(path, zip_strerror(handle)) }
    self.handle = nil
    var status = zip_stat_t()
    guard zip_source_stat(target, &status) == 0, zip_source_open(target) == 0 else {
      throw Self.failure(path, zip_error_strerror(zip_source_error(target)))
    }
    defer { zip_source_close(target) }
    let size = Int(status.size)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size, let base = buffer.baseAddress {
        let read = zip_source_read(target, base + count, UInt64(size - count))
        guard read > 0 else { break }
        count += Int(read)
      }
    }
    guard bytes.count == size else {
      throw Self.failure(path, zip_error_strerror(zip_source_error(target)))
    }
    return bytes
  }

  private static func failure(_ path: String, _ reason: UnsafePointer<CChar>) -> Failure {
    Failure(
      .fileMalformed, path: path,
      problem: "could not be packed: \(String(cString: reason).lowercased())",
      remedy: "name each array once and free some memory")
  }
}
