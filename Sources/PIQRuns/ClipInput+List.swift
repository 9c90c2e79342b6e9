public import PIQAudio
public import PIQPipeline

extension ClipInput {
  /// The paths in the file `path`, one a line, or separated by NUL bytes if it holds any; "-" reads
  /// standard input. They are bytes, of any encoding.
  ///
  /// - Throws: `Failure` when it cannot be read.
  public static func paths(listedIn path: String) throws(Failure) -> [String] {
    let bytes: [UInt8]
    do throws(Failure) {
      bytes = try ByteStream.bytes(of: path)
    } catch {
      throw Failure(
        .listNotReadable, path: path, problem: "the list of files could not be read",
        remedy: "check its path", underlying: error)
    }
    guard !bytes.starts(with: [0xFF, 0xFE]), !bytes.starts(with: [0xFE, 0xFF]) else {
      throw Failure(
        .listNotReadable, path: path, problem: "the list of files is UTF-16",
        remedy: "save it as UTF-8, one path a line")
    }
    let text = ByteOrderMark.skipped(in: bytes)
    if text.contains(0) { return text.split(separator: 0).map { String(pathBytes: $0) } }
    return text.split(separator: UInt8(ascii: "\n")).compactMap {
      let line = $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0
      return line.isEmpty ? nil : String(pathBytes: line)
    }
  }
}
