import CPIQCrypto
public import PIQPlatform

/// Digests of files and of bytes.
public enum FileHash {
  /// The SHA-256 of the file at `path`, as 64 lower-case hexadecimal digits.
  ///
  /// - Throws: `Failure` when it cannot be read.
  public static func sha256(ofFileAt path: String) throws(Failure) -> String {
    try sha256(of: FileContents(path: path))
  }

  /// The same of a file that was read.
  ///
  /// - Throws: `Failure` when it cannot be computed.
  public static func sha256(of file: FileContents) throws(Failure) -> String {
    guard let digest = file.withBytes(sha256) else {
      throw Failure(
        .other, path: file.path, problem: "its SHA-256 could not be computed",
        remedy: "check the installation of OpenSSL's libcrypto")
    }
    return digest
  }

  /// The SHA-256 of `bytes`, as digits; nil when libcrypto does not know it.
  public static func sha256(of bytes: UnsafeRawBufferPointer) -> String? {
    let digits = Array("0123456789abcdef")
    return digest(of: bytes).map { digest in
      String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
  }

  /// The 32 bytes of the SHA-256 of `bytes`; nil when libcrypto does not know it.
  package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    guard EVP_Digest(bytes.baseAddress, bytes.count, &digest, &count, EVP_sha256(), nil) == 1
    else { return nil }
    return Array(digest.prefix(Int(count)))
  }
}
