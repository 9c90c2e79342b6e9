import Crypto
public import Files

/// Digests of whole files.
public enum FileHash {
  /// The SHA-256 of the file at `path`, as 64 lower-case hexadecimal digits.
  ///
  /// - Throws: `FileError` when it cannot be read.
  public static func sha256(ofFileAt path: String) throws(FileError) -> String {
    let file = try MappedFile(path: path)
    var hash = SHA256()
    file.withBytes { hash.update(bufferPointer: $0) }
    let digits = Array("0123456789abcdef")
    return String(hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
