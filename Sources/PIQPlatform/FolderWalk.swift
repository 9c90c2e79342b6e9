import Foundation

/// The files in a folder and below it, by their paths in it, in the order of their bytes: the same
/// order in every locale. Hidden ones are left out.
///
/// Links to folders are followed, and each real folder is read once. A folder that can be reached
/// without a link has its files under that path.
public struct FolderWalk: Sendable {
  /// Files that can be read, and links that lead nowhere.
  public private(set) var files: [String] = []
  /// Pipes, sockets and devices.
  public private(set) var specialFiles: [String] = []
  /// Links to folders that were followed.
  public private(set) var followedLinks: [String] = []
  /// Links to folders that were read already.
  public private(set) var repeatedLinks: [String] = []
  /// The folders that could not be read.
  public private(set) var failures: [Failure] = []

  private let root: String
  /// The real paths of the folders that were read.
  private var seen: Set<[UInt8]> = []
  private var links: [String] = []

  /// Reads the folder at `path`.
  ///
  /// - Throws: `Failure` when that folder itself cannot be read.
  public init(below path: String) throws(Failure) {
    root = path
    _ = try Self.names(in: path)
    read("")
    // Links come after all other folders, which have their own names then.
    var next = 0
    while next < links.count {
      let link = links[next]
      next += 1
      if read(link) { followedLinks.append(link) } else { repeatedLinks.append(link) }
    }
    files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    specialFiles.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Reads a folder and those below it.
  ///
  /// - Returns: whether it had not been read yet.
  @discardableResult
  private mutating func read(_ folder: String) -> Bool {
    guard isNew(folder) else { return false }
    var pending = [folder]
    while let folder = pending.popLast() {
      do throws(Failure) {
        for name in try Self.names(in: full(folder)) where name.utf8.first != UInt8(ascii: ".") {
          let path = folder.isEmpty ? name : Folder.join(folder, name)
          if take(path) { pending.append(path) }
        }
      } catch {
        failures.append(error)
      }
    }
    return true
  }

  /// Notes what is at `path`.
  ///
  /// - Returns: whether it is a folder to be read.
  private mutating func take(_ path: String) -> Bool {
    let own = FileStatus(full(path), followsLinks: false)?.kind
    switch own == .link ? FileStatus(full(path))?.kind : own {
    case .folder where own == .link: links.append(path)
    case .folder: return isNew(path)
    case .other: specialFiles.append(path)
    // What has gone meanwhile, or is a link to nothing, fails when it is opened.
    case .regular, .link, nil: files.append(path)
    }
    return false
  }

  private mutating func isNew(_ folder: String) -> Bool {
    guard let real = Folder.realPath(full(folder)) else { return true }
    return seen.insert(real.pathBytes).inserted
  }

  private func full(_ path: String) -> String { path.isEmpty ? root : Folder.join(root, path) }

  private static func names(in path: String) throws(Failure) -> [String] {
    // A folder whose names can be read, but not its files, is of no use.
    guard path.withSystemPath({ access($0, R_OK | X_OK) }) == 0 else {
      throw Folder.unreadable(path, errno)
    }
    return try Folder.names(in: path)
  }
}
