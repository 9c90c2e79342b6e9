import CPIQCrypto
import Glibc
public import PIQPlatform

/// Digests of files and of bytes.
public enum FileHash {
  /// The SHA-256 of a file that was read, as 64 lower-case hexadecimal digits.
  ///
  /// - Throws: `Failure` when it cannot be computed.
  public static func sha256(of file: FileContents) throws(Failure) -> String {
    guard let digest = file.withBytes(sha256) else { throw unknown(file.path) }
    return digest
  }

  /// The SHA-256 of the file at `path`, read a block at a time, as 64 lower-case hexadecimal digits.
  ///
  /// - Throws: `Failure` when it cannot be read, or the hash computed.
  public static func sha256(ofFileAt path: String) throws(Failure) -> String {
    let descriptor = path.withSystemPath { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw Failure(path: path, action: "open it", errno: errno) }
    defer { close(descriptor) }
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    var isGood = context != nil && EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
    var block = [UInt8](repeating: 0, count: 1 << 18)
    while isGood {
      let received = read(descriptor, &block, block.count)
      if received < 0 && errno == EINTR { continue }
      guard received >= 0 else { throw Failure(path: path, action: "read it", errno: errno) }
      if received == 0 { break }
      isGood = EVP_DigestUpdate(context, block, received) == 1
    }
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    guard isGood, EVP_DigestFinal_ex(context, &digest, &count) == 1 else { throw unknown(path) }
    return digits(digest.prefix(Int(count)))
  }

  /// The failure of a hash that libcrypto did not compute.
  package static func unknown(_ path: String) -> Failure {
    Failure(
      .other, path: path, problem: "its SHA-256 could not be computed",
      remedy: "check the installation of OpenSSL's libcrypto")
  }

  private static func digits(_ digest: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  /// The SHA-256 of `bytes`, as digits; nil when libcrypto does not know it.
  public static func sha256(of bytes: UnsafeRawBufferPointer) -> String? {
    digest(of: bytes).map(digits)
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
