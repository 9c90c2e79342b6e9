import CCrypto
public import Files

/// Digests of whole files.
public enum FileHash {
  /// The SHA-256 of the file at `path`, as 64 lower-case hexadecimal digits.
  ///
  /// - Throws: `FileError` when it cannot be read.
  public static func sha256(ofFileAt path: String) throws(FileError) -> String {
    let file = try MappedFile(path: path)
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    let status = file.withBytes {
      EVP_Digest($0.baseAddress, $0.count, &digest, &count, EVP_sha256(), nil)
    }
    guard status == 1 else {
      throw FileError(
        path: path, problem: "its SHA-256 could not be computed",
        remedy: "check the installation of OpenSSL's libcrypto")
    }
    let digits = Array("0123456789abcdef")
    return String(
      digest.prefix(Int(count)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
