import Foundation

/// An error that may be over when the command is repeated, without anything being changed by hand.
public protocol PassingError: Error {
  /// Whether this one may.
  var mayPass: Bool { get }
}

/// A file that could not be opened, read, written or put in place.
public struct FileError: PassingError, CustomStringConvertible, Equatable {
  /// The file concerned.
  public let path: String
  /// What went wrong, in words.
  public let problem: String
  /// What the user can do about it.
  public let remedy: String
  /// The system's error number, or 0 where the system reported none.
  public let code: Int32

  /// The error that `path` has `problem`, and what to do about it.
  public init(path: String, problem: String, remedy: String, code: Int32 = 0) {
    self.path = path
    self.problem = problem
    self.remedy = remedy
    self.code = code
  }

  /// The error behind a failed system call on `path`; `action` completes "could not …".
  public init(path: String, action: String, errno code: Int32) {
    let reason = String(cString: strerror(code)).lowercased()
    self.init(
      path: path, problem: "could not \(action): \(reason)", remedy: Self.remedy(for: code),
      code: code)
  }

  /// Whether it may be over when the command is repeated: a full disk, a busy file.
  public var mayPass: Bool {
    [ENOSPC, EDQUOT, EBUSY, ETXTBSY, EMFILE, ENFILE, ENOMEM, EAGAIN, ETIMEDOUT].contains(code)
  }

  private static func remedy(for code: Int32) -> String {
    switch code {
    case ENOENT: "check the path"
    case EACCES, EPERM: "check the permissions of the file and its folder"
    case EROFS: "choose a folder that can be written to"
    case ENOSPC, EDQUOT: "free some disk space and run the command again"
    case EFBIG: "raise the limit on file sizes (ulimit -f)"
    case EISDIR: "name a file, not a folder"
    case ENOTDIR: "a part of the path is a file, not a folder"
    case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
    case ENAMETOOLONG: "choose a shorter name"
    default: "check the file and the disk it is on"
    }
  }

  public var description: String { "\(printable(path)): \(problem); \(remedy)" }
}
