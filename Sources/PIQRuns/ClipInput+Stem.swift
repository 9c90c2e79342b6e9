import PIQAudio
import PIQPipeline

extension ClipInput {
  /// The input at `path`.
  ///
  /// - Parameters:
  ///   - relative: its path in the folder that was given, if it was found in one.
  ///   - keepsPath: whether its outputs keep all of its path, rather than its name or its path in the
  ///     folder.
  init(path: String, relative: String? = nil, isNamed: Bool, keepsPath: Bool) {
    let kept = keepsPath ? Self.harmless(path) : relative ?? Folder.name(of: path)
    self.init(path: path, stem: Self.withoutExtension(kept), isNamed: isNamed)
  }

  /// `path` below another folder: without the slash at its beginning and parts that are `.`; `__`
  /// stands for `..`.
  private static func harmless(_ path: String) -> String {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
      .filter { $0 != "." }.map { $0 == ".." ? "__" : $0 }.joined(separator: "/")
  }

  /// `path` without the extension of its last part; standard input is called `stdin`.
  private static func withoutExtension(_ path: String) -> String {
    if path == "-" { return "stdin" }
    let name = Folder.name(of: path)
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return path }
    return String(path.dropLast(name[dot...].count))
  }
}
