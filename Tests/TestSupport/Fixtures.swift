import Foundation

/// The files that tests compare with.
public enum Fixtures {
  private static let root = {
    var url = URL(filePath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url.appending(path: "Fixtures")
  }()

  /// The path of a file or folder in Fixtures.
  public static func path(_ name: String) -> String {
    root.appending(path: name).path(percentEncoded: false)
  }

  /// The names of the files in a folder of Fixtures that end in `suffix`, without it, sorted;
  /// none where the folder is missing.
  public static func names(in folder: String, endingIn suffix: String) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? []
    return files.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }.sorted()
  }
}
