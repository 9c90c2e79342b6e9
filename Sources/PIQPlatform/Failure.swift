import Foundation

/// A failure with the details that users and programs need to handle it.
///
/// Its description is one line: the path, the problem, and the remedy.
public struct Failure: Error, CustomStringConvertible {
  /// The kind of a failure, for callers that act on it.
  public enum Code: String, Sendable, CaseIterable {
    // Files and the machine.
    case fileNotFound, fileNotAccessible, diskFull, outOfMemory
    /// A file that is damaged or of another kind.
    case fileMalformed
    /// Another run uses the same files.
    case busy
    // Inputs and outputs of a run.
    case listNotReadable, folderNotReadable, noSounds, soundUnusable
    /// A channel that a sound file does not have.
    case channelNotFound
    /// An output that exists already and may not be replaced.
    case outputExists
    /// Two inputs of one output, or an output that would replace an input.
    case outputsCollide
    /// Arrays requested for a recording that is divided into windows.
    case arraysOfWindows
    /// A folder without interpretations.
    case resultsNotFound
    // Clips that the model cannot take.
    case clipTooLong, clipTooShort, clipTooLoud
    // Models.
    case modelNotFound, modelMalformed, modelExists, noInterpreter
    /// A model whose classes have no names.
    case labelsNotFound
    /// A method that the classifier does not support.
    case methodUnsupported
    /// The library that runs imported networks is missing.
    case engineNotFound
    // What the file of a network does not say.
    case sampleRateNeeded, windowNeeded, inputNeeded, frontEndNeeded, scoresNeeded, embeddingNeeded,
      activationNeeded
    /// A network that cannot be read or run.
    case networkUnusable
    /// A training of a network that stays as it is.
    case networkIsFixed
    // Data sets.
    case dataSetMalformed, noFolds, soundsNotFound, unknownClass, noMixtures
    /// A division of a data set that leaves a part or a class without clips.
    case emptySplit
    /// A data set that cannot be divided for a cross-validation.
    case foldsUnfit
    // Training.
    case recipeMalformed, settingInvalid, tooFewKeys, trainingExists, nothingToResume
    /// A checkpoint of other settings or clips.
    case trainingDiffers
    case trainingDiverged
    /// A model that does not say how likely a sound is of any of its classes.
    case knownMissing
    /// A figure whose data do not belong together, or that Cairo or libpng could not draw.
    case figureFailed
    /// Any other failure.
    case other
  }

  /// The kind of the failure.
  public let code: Code
  /// The file or folder concerned; nil where there is none.
  public var path: String?
  /// The problem, worded to follow the path.
  public let problem: String
  /// A suggested step; nil where the problem states it or none is known.
  public let remedy: String?
  /// Whether a retry may succeed: a full disk, a busy file.
  public let isTransient: Bool
  /// The underlying error; nil if there is none.
  public let underlying: (any Error)?

  /// A failure of these properties.
  public init(
    _ code: Code, path: String? = nil, problem: String, remedy: String? = nil,
    isTransient: Bool = false, underlying: (any Error)? = nil
  ) {
    self.code = code
    self.path = path
    self.problem = problem
    self.remedy = remedy
    self.isTransient = isTransient
    self.underlying = underlying
  }

  public var description: String {
    (path.map { printable($0) + ": " } ?? "") + printable(problem)
      + (remedy.map { "; " + printable($0) } ?? "")
  }
}

extension Failure: Equatable {
  /// Whether both are equal but for their underlying errors.
  public static func == (a: Failure, b: Failure) -> Bool {
    (a.code, a.path, a.problem, a.remedy, a.isTransient)
      == (b.code, b.path, b.problem, b.remedy, b.isTransient)
  }
}

/// An error of another type that converts to a failure.
public protocol FailureConvertible: Error {
  /// The same as a failure.
  var failure: Failure { get }
}

extension Failure: FailureConvertible {
  public var failure: Failure { self }

  /// `error` as a failure.
  public init(_ error: any Error) {
    self =
      (error as? any FailureConvertible)?.failure
      ?? Failure(.other, problem: "\(error)", underlying: error)
  }

  /// This failure of the file at `path`, unless it names another.
  public func naming(_ path: String) -> Failure {
    var failure = self
    failure.path = self.path ?? path
    return failure
  }

  /// Runs `work` on the file at `path`. An error that does not name a file becomes a failure that
  /// does, with its code and cause, and as transient as it was; others stay as they are.
  public static func naming<Result>(_ path: String, _ work: () throws -> Result) throws -> Result {
    do {
      return try work()
    } catch {
      let failure = Failure(error)
      if failure.path != nil { throw error }
      throw failure.naming(path)
    }
  }
}

extension Failure {
  /// The failure of a system call on `path`; `action` completes "could not …".
  public init(path: String, action: String, errno number: Int32) {
    let reason = String(cString: strerror(number)).lowercased()
    self.init(
      path: path, problem: "could not \(action): \(reason)", remedy: Self.remedy(for: number),
      errno: number)
  }

  /// A failure of `path` with the system's error `number` behind it.
  public init(path: String, problem: String, remedy: String, errno number: Int32) {
    let code: Code =
      switch number {
      case ENOENT: .fileNotFound
      case ENOSPC, EDQUOT: .diskFull
      case ENOMEM: .outOfMemory
      default: .fileNotAccessible
      }
    self.init(
      code, path: path, problem: problem, remedy: remedy,
      isTransient: [ENOSPC, EDQUOT, EBUSY, ETXTBSY, EMFILE, ENFILE, ENOMEM, EAGAIN, ETIMEDOUT]
        .contains(number),
      underlying: POSIXErrorCode(rawValue: number).map { POSIXError($0) })
  }

  private static func remedy(for number: Int32) -> String {
    switch number {
    case ENOENT: "check the path"
    case EACCES, EPERM: "check the permissions of the file and its folder"
    case EROFS: "choose a folder that can be written to"
    case ENOSPC, EDQUOT: "free some disk space and try again"
    case EFBIG: "raise the limit on file sizes (ulimit -f)"
    case EISDIR: "name a file, not a folder"
    case ENOTDIR: "a part of the path is a file, not a folder"
    case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
    case ENAMETOOLONG: "choose a shorter name"
    default: "check the file and the disk it is on"
    }
  }
}
