import CPIQSndfile
import Foundation

/// The bytes of an open file as libsndfile sees them through its virtual input and output.
///
/// libsndfile's own file access does not distinguish error numbers and guesses formats from names;
/// this keeps the first failure, has no name, and can replace a few bytes of a broken header.
final class FileBytes {
  /// The functions that libsndfile calls; each finds its `FileBytes` in the user data.
  static var virtualIO: SF_VIRTUAL_IO {
    SF_VIRTUAL_IO(
      get_filelen: { Int64(FileBytes.from($0)?.count ?? -1) },
      seek: { Int64(FileBytes.from($2)?.seek(Int($0), whence: $1) ?? -1) },
      read: { Int64(FileBytes.from($2)?.read(into: $0, count: Int($1)) ?? 0) },
      write: { Int64(FileBytes.from($2)?.write($0, count: Int($1)) ?? 0) },
      tell: { Int64(FileBytes.from($0)?.position ?? -1) })
  }

  /// Bytes shown to readers in place of the file's own.
  struct Patch: Equatable {
    let offset: Int
    let bytes: [UInt8]
  }

  var patches: [Patch] = []

  /// All bytes of a file in memory.
  private(set) var memory: [UInt8] = []

  private let source: Source
  private var position = 0
  private var ownFailure: Int32 = 0

  private enum Source {
    case descriptor(Int32)
    case memory
    case part(FileBytes, Range<Int>)
  }

  /// Takes over `descriptor`, which must be able to seek.
  init(descriptor: Int32) { source = .descriptor(descriptor) }

  /// Reads from `bytes`, or writes over them.
  init(_ bytes: [UInt8]) {
    source = .memory
    memory = bytes
  }

  /// A range of the bytes of `whole`, as a file of its own.
  private init(_ whole: FileBytes, in range: Range<Int>) { source = .part(whole, range) }

  deinit {
    if case .descriptor(let descriptor) = source { close(descriptor) }
  }

  /// The pointer by which libsndfile refers to this object, which must outlive its use.
  var userData: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  private static func from(_ userData: UnsafeMutableRawPointer?) -> FileBytes? {
    userData.map { Unmanaged<FileBytes>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The bytes of `range`, clamped to those that there are. Later growth of the file does not show.
  func part(_ range: Range<Int>) -> FileBytes {
    FileBytes(self, in: range.clamped(to: 0..<max(0, count)))
  }

  /// The number of the first error that the system reported, or 0.
  var failure: Int32 {
    if case .part(let whole, _) = source { whole.failure } else { ownFailure }
  }

  /// The open file behind all bytes; nil where they are in memory.
  var descriptor: Int32? {
    switch source {
    case .descriptor(let descriptor): descriptor
    case .memory: nil
    case .part(let whole, _): whole.descriptor
    }
  }

  /// The length in bytes.
  var count: Int {
    switch source {
    case .memory: return memory.count
    case .part(_, let range): return range.count
    case .descriptor(let descriptor):
      var status = stat()
      guard fstat(descriptor, &status) == 0 else {
        note(errno)
        return -1
      }
      return status.st_size
    }
  }

  /// Up to `count` bytes from `offset`; fewer at the end.
  func bytes(at offset: Int, count: Int) -> [UInt8] {
    guard offset >= 0, count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = load(into: UnsafeMutableRawBufferPointer(buffer), from: offset)
    }
  }

  private func seek(_ offset: Int, whence: Int32) -> Int {
    let origin = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position : count
    let (target, overflow) = origin.addingReportingOverflow(offset)
    guard !overflow, target >= 0 else { return -1 }
    position = target
    return target
  }

  private func read(into destination: UnsafeMutableRawPointer?, count: Int) -> Int {
    guard count > 0 else { return 0 }
    let buffer = UnsafeMutableRawBufferPointer(start: destination, count: count)
    let loaded = load(into: buffer, from: position)
    position += loaded
    return loaded
  }

  private func write(_ bytes: UnsafeRawPointer?, count: Int) -> Int {
    guard let bytes, count > 0 else { return 0 }
    guard case .descriptor(let descriptor) = source else {
      guard case .memory = source else { return 0 }
      let end = position + count
      if memory.count < end { memory += [UInt8](repeating: 0, count: end - memory.count) }
      let piece = UnsafeRawBufferPointer(start: bytes, count: count)
      memory.replaceSubrange(position..<end, with: piece)
      position = end
      return count
    }
    var done = 0
    while done < count {
      let written = pwrite(descriptor, bytes + done, count - done, position)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else {
        note(written == 0 ? ENOSPC : errno)
        break
      }
      done += written
      position += written
    }
    return done
  }

  /// Fills `destination` with bytes from `offset` on; returns their number.
  private func load(into destination: UnsafeMutableRawBufferPointer, from offset: Int) -> Int {
    let loaded =
      switch source {
      case .memory: Self.copy(memory, from: offset, to: destination)
      case .descriptor(let descriptor): load(into: destination, from: offset, of: descriptor)
      case .part(let whole, let range): Self.load(from: whole, in: range, at: offset, destination)
      }
    for patch in patches {
      for (i, byte) in patch.bytes.enumerated() {
        let place = patch.offset + i - offset
        if place >= 0 && place < loaded { destination[place] = byte }
      }
    }
    return loaded
  }

  private static func load(
    from whole: FileBytes, in range: Range<Int>, at offset: Int,
    _ destination: UnsafeMutableRawBufferPointer
  ) -> Int {
    guard offset < range.count else { return 0 }
    let count = min(destination.count, range.count - offset)
    return whole.load(
      into: UnsafeMutableRawBufferPointer(rebasing: destination[..<count]),
      from: range.lowerBound + offset)
  }

  private static func copy(
    _ bytes: [UInt8], from offset: Int, to destination: UnsafeMutableRawBufferPointer
  ) -> Int {
    let piece = bytes.dropFirst(offset).prefix(destination.count)
    destination.copyBytes(from: piece)
    return piece.count
  }

  private func load(
    into destination: UnsafeMutableRawBufferPointer, from offset: Int, of descriptor: Int32
  ) -> Int {
    var rest = destination[...]
    while let address = UnsafeMutableRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
      let (place, overflow) = offset.addingReportingOverflow(destination.count - rest.count)
      if overflow { break }
      let loaded = pread(descriptor, address, rest.count, place)
      if loaded < 0 && errno == EINTR { continue }
      if loaded < 0 { note(errno) }
      if loaded <= 0 { break }
      rest = rest.dropFirst(loaded)
    }
    return destination.count - rest.count
  }

  private func note(_ code: Int32) {
    if ownFailure == 0 { ownFailure = code }
  }
}
