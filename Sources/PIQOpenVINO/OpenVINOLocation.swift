import Foundation
import PIQPlatform

/// Where OpenVINO's C library is looked for.
///
/// Never in the current folder, in that of a model or beside inputs: what is loaded runs.
package struct OpenVINOLocation {
  /// The environment variable that names the library, or a folder that holds it.
  package static let variable = "PIQ_AUDIO_OPENVINO"
  /// How to get the library.
  package static let advice =
    "install OpenVINO (pip install openvino), and name its folder with \(variable)"

  /// The environment of this program.
  var environment: [String: String] = ProcessInfo.processInfo.environment
  /// The path of the running program, links resolved.
  var program: String = Folder.destination(ofLink: "/proc/self/exe") ?? ""

  /// The path of the library: the one that the variable names; else one beside the program, one of
  /// the system, or one in an active virtual environment.
  ///
  /// - Throws: `Failure` when there is none.
  func find() throws(Failure) -> String {
    if let named = environment[Self.variable], !named.isEmpty {
      let path = named.contains("/") ? named : "./" + named
      guard let found = Self.library(at: path) else {
        throw Failure(
          .engineNotFound, path: named, problem: "is not OpenVINO's library, and holds none",
          remedy: "name libopenvino_c.so, or its folder, with \(Self.variable)")
      }
      return found
    }
    for folder in besideProgram + ofSystem + ofVirtualEnvironment {
      if let found = Self.library(in: folder) { return found }
    }
    throw Failure(
      .engineNotFound, problem: "models of this kind are run by OpenVINO, which is not installed",
      remedy: Self.advice)
  }

  /// `make openvino` puts it into the build folder.
  private var besideProgram: [String] {
    let parts = program.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let own = parts.dropLast().joined(separator: "/")
    let prefix = parts.dropLast(2).joined(separator: "/")
    var folders = [own, prefix + "/lib/piq-audio"]
    if let build = parts.lastIndex(of: ".build") {
      folders.append(parts[...build].joined(separator: "/") + "/openvino/lib")
    }
    return own.isEmpty ? [] : folders
  }

  private var ofSystem: [String] {
    let named = (environment["LD_LIBRARY_PATH"] ?? "").split(separator: ":").map(String.init)
    #if arch(x86_64)
      let machine = "x86_64-linux-gnu"
    #else
      let machine = "aarch64-linux-gnu"
    #endif
    return named.filter { $0.hasPrefix("/") } + [
      "/usr/local/lib/\(machine)", "/usr/local/lib", "/usr/lib/\(machine)", "/usr/lib64",
      "/usr/lib",
    ]
  }

  private var ofVirtualEnvironment: [String] {
    ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap { environment[$0] }.filter { $0.hasPrefix("/") }
      .flatMap { root in
        let lib = Folder.join(root, "lib")
        let pythons = ((try? Folder.names(in: lib)) ?? []).filter { $0.hasPrefix("python") }
        return [lib] + pythons.map { "\(lib)/\($0)/site-packages/openvino/libs" }
      }
  }

  /// The library at `path`: that file, or one in the folder of that name, of the wheel or of a virtual
  /// environment.
  private static func library(at path: String) -> String? {
    guard Folder.isFolder(path) else { return FileStatus(path) == nil ? nil : path }
    let inside = ["", "lib", "libs", "openvino/libs", "openvino/lib"]
    return inside.lazy.compactMap { library(in: $0.isEmpty ? path : Folder.join(path, $0)) }.first
  }

  /// The library of the highest version in `folder`.
  private static func library(in folder: String) -> String? {
    let name = "libopenvino_c.so"
    let found = ((try? Folder.names(in: folder)) ?? []).filter {
      $0 == name || $0.hasPrefix(name + ".")
    }
    let newest = found.max { $0.compare($1, options: .numeric) == .orderedAscending }
    return newest.map { Folder.join(folder, $0) }
  }
}
