import PIQPlatform

/// The kind of a file that should be an archive, by its first bytes.
enum FileKind {
  case empty
  case zip
  /// A bare pickle, as torch.save wrote before PyTorch 1.6.
  case pickle
  /// The pointer to a large file in a git repository fetched without Git LFS.
  case lfsPointer
  case other

  init(of file: FileContents) {
    self = file.withBytes { bytes in
      if bytes.isEmpty { return .empty }
      if bytes.starts(with: "PK".utf8) { return .zip }
      if bytes.starts(with: "version https://git-lfs".utf8) { return .lfsPointer }
      if bytes.count > 1, bytes[0] == 0x80, (2...5).contains(bytes[1]) { return .pickle }
      return .other
    }
  }

  /// Why the file is no zip archive, and a remedy; nil where it may be one.
  var problemAsArchive: (text: String, remedy: String)? {
    switch self {
    case .zip: nil
    case .empty: ("is empty", "fetch or make it again")
    case .pickle:
      (
        "is in the format that PyTorch wrote before version 1.6",
        "load it with PyTorch where you trust it, and save it again with torch.save of "
          + "PyTorch 1.6 or later"
      )
    case .lfsPointer:
      ("is a Git LFS pointer, not the file it stands for", "run git lfs pull in its folder")
    case .other: ("is not a zip archive", "name a file written by torch.save or numpy.savez")
    }
  }
}

/// A name from a file, quoted for a message: on one line and of limited length.
func quoted(_ name: some StringProtocol) -> String {
  let shown = name.unicodeScalars.prefix(120)
  let text = String(String.UnicodeScalarView(shown))
  let isWhole = shown.endIndex == name.unicodeScalars.endIndex
  return "'" + (text.isEmpty ? "" : printable(text)) + (isWhole ? "'" : "…'")
}
