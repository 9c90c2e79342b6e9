public import PIQPlatform

/// Finds the folder of the model to use.
public enum ModelLocation {
  /// The environment variable that names a model's folder.
  public static let variable = "PIQ_AUDIO_MODEL"

  /// Searches in this order: the requested folder, `PIQ_AUDIO_MODEL`, `share/piq-audio/model`
  /// beside the `bin` of the running program, and the project's `Fixtures/models/esc10` when the
  /// program runs from its `.build`.
  ///
  /// - Throws: `Failure` when none of the last two is there.
  public static func find(
    _ asked: String?, environment: [String: String] = ownEnvironment,
    program: String = runningProgram
  ) throws(Failure) -> String {
    if let asked { return asked }
    if let named = environment[variable], !named.isEmpty { return named }
    let parts = program.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let prefix = parts.dropLast(2).joined(separator: "/")
    var candidates = [prefix + "/share/piq-audio/model"]
    if let build = parts.lastIndex(of: ".build") {
      candidates.append(parts[..<build].joined(separator: "/") + "/Fixtures/models/esc10")
    }
    if let found = candidates.first(where: { FileStatus($0 + "/" + Model.configurationFile) != nil }
    ) {
      return found
    }
    throw Failure(
      .modelNotFound, path: candidates[0], problem: "there is no model",
      remedy: "name one with \(variable)")
  }

  /// The path of the running program, links resolved.
  public static var runningProgram: String {
    Folder.destination(ofLink: "/proc/self/exe") ?? ""
  }

  /// The variable in the environment of this program.
  public static var ownEnvironment: [String: String] {
    environmentPath(variable).map { [variable: $0] } ?? [:]
  }
}
