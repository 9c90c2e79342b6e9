import CPIQZip
import PIQPlatform

/// A zip archive opened for reading with libzip, over the bytes of its file.
///
/// The sizes in its directory are checked before unpacking, so that an archive made to exhaust
/// memory is refused first.
final class ZipArchive {
  let path: String
  /// The names of the entries in the order of the archive's directory.
  let names: [String]

  private let entries: [String: Entry]
  private let handle: OpaquePointer
  // The handle reads from its bytes.
  private let file: FileContents

  private struct Entry {
    let index: UInt64
    let size: Int
  }

  private static let mostEntries = 100_000
  private static let largestTotal = 8 << 30
  /// Weights and spectrograms compress less than a hundredfold; zip bombs a thousandfold.
  private static let largestRatio = 100
  private static let alwaysFine = 1 << 20

  /// Opens the archive at `path` and checks its directory.
  ///
  /// - Throws: `Failure` when it is not a zip archive, has encrypted entries or two of the
  ///   same name, or would unpack to more than the limits allow.
  init(path: String) throws(Failure) {
    file = try FileContents(path: path)
    handle = try Self.open(file)
    self.path = path
    do {
      (names, entries) = try Self.directory(of: handle, path: path)
    } catch {
      zip_discard(handle)
      throw error
    }
  }

  deinit { zip_discard(handle) }

  /// The length of the archive in bytes.
  var packedSize: Int { file.count }

  /// The unpacked size of the entry `name` in bytes, or nil where there is none.
  func size(of name: String) -> Int? { entries[name]?.size }

  /// The unpacked bytes of the entry `name`, with a valid checksum.
  ///
  /// - Throws: `Failure` when there is no such entry, or it is damaged.
  func bytes(of name: String) throws(Failure) -> [UInt8] {
    guard let entry = entries[name] else {
      throw Failure(
        .fileMalformed, path: path, problem: "has no entry \(quoted(name))",
        remedy: "the file is incomplete or of another kind: fetch or make it again")
    }
    guard let reader = zip_fopen_index(handle, entry.index, 0) else {
      throw damaged(name, String(cString: zip_strerror(handle)))
    }
    defer { zip_fclose(reader) }
    let bytes = [UInt8](unsafeUninitializedCapacity: entry.size) { buffer, count in
      while count < entry.size, let base = buffer.baseAddress {
        let read = zip_fread(reader, base + count, UInt64(entry.size - count))
        guard read > 0 else { break }
        count += Int(read)
      }
    }
    // libzip compares checksums at the end, so the end has to be read too.
    var beyond: UInt8 = 0
    guard bytes.count == entry.size, zip_fread(reader, &beyond, 1) == 0 else {
      let reason =
        zip_error_code_zip(zip_file_get_error(reader)) == ZIP_ER_OK
        ? "its length is not as stated" : String(cString: zip_file_strerror(reader))
      throw damaged(name, reason)
    }
    return bytes
  }

  private func damaged(_ name: String, _ reason: String) -> Failure {
    Failure(
      .fileMalformed, path: path,
      problem: "entry \(quoted(name)) cannot be unpacked: \(reason.lowercased())",
      remedy: "the file is damaged: fetch or make it again")
  }
}

extension ZipArchive {
  private static func open(_ file: FileContents) throws(Failure) -> OpaquePointer {
    if let problem = FileKind(of: file).problemAsArchive {
      throw Failure(.fileMalformed, path: file.path, problem: problem.text, remedy: problem.remedy)
    }
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    let source = file.withBytes {
      zip_source_buffer_create($0.baseAddress, UInt64($0.count), 0, &error)
    }
    if let source {
      if let handle = zip_open_from_source(source, ZIP_RDONLY, &error) { return handle }
      zip_source_free(source)
    }
    throw Failure(
      .fileMalformed, path: file.path,
      problem: "cannot be read as a zip archive: "
        + String(cString: zip_error_strerror(&error)).lowercased(),
      remedy: "the file is cut short or damaged: fetch or make it again")
  }

  private static func directory(
    of handle: OpaquePointer, path: String
  ) throws(Failure) -> (names: [String], entries: [String: Entry]) {
    func refused(_ problem: String) -> Failure {
      Failure(
        .fileMalformed, path: path, problem: problem,
        remedy: "do not trust this file: fetch it again from its author")
    }
    let count = zip_get_num_entries(handle, 0)
    guard count <= mostEntries else {
      throw refused("has \(count) entries, more than the \(mostEntries) allowed")
    }
    var names: [String] = []
    var entries: [String: Entry] = [:]
    var total: UInt64 = 0
    for index in 0..<UInt64(max(count, 0)) {
      var status = zip_stat_t()
      let needed = UInt64(
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_ENCRYPTION_METHOD)
      guard zip_stat_index(handle, index, 0, &status) == 0, status.valid & needed == needed,
        let rawName = status.name
      else { throw refused("has a damaged directory") }
      let name = String(cString: rawName)
      guard status.encryption_method == ZIP_EM_NONE else {
        throw Failure(
          .fileMalformed, path: path, problem: "entry \(quoted(name)) is encrypted",
          remedy: "unpack the archive and pack it again without a password")
      }
      let (size, packed) = (status.size, status.comp_size)
      let (sum, overflow) = total.addingReportingOverflow(size)
      guard !overflow, sum <= UInt64(largestTotal) else {
        throw refused("would unpack to more than \(largestTotal >> 30) GiB: a zip bomb, perhaps")
      }
      guard size <= UInt64(alwaysFine) || size / UInt64(largestRatio) <= packed else {
        throw refused("entry \(quoted(name)) unpacks \(packed) bytes to \(size): a zip bomb")
      }
      total = sum
      guard entries.updateValue(Entry(index: index, size: Int(size)), forKey: name) == nil else {
        throw refused("has two entries named \(quoted(name))")
      }
      names.append(name)
    }
    return (names, entries)
  }
}
