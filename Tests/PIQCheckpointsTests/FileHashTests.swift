import PIQCheckpoints
import PIQPlatform
import Testing

@Suite struct FileHashTests {
  // The examples of FIPS 180-4's companion, and the digest of nothing.
  @Test(arguments: [
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
  ])
  func knownDigests(text: String, digest: String) throws {
    try withFile(text.utf8) { path throws in
      #expect(try FileHash.sha256(ofFileAt: path) == digest)
    }
  }

  @Test func missingFile() throws {
    try withTemporaryFolder { folder in
      #expect(throws: Failure.self) { try FileHash.sha256(ofFileAt: folder + "/none") }
    }
  }
}
