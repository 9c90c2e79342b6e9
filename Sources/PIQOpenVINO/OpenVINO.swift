import CPIQOpenVINO
import Foundation
package import PIQPlatform

/// OpenVINO, loaded once a process on first use: it runs networks in ONNX and TFLite files on the CPU.
package final class OpenVINO: Sendable {
  // Sendable: pointers to functions and a handle that many threads may use; they never change.
  private nonisolated(unsafe) let functions: piq_ov
  nonisolated(unsafe) let core: OpaquePointer
  /// The library's file.
  package let path: String
  /// The library's version, such as 2026.4.1.
  package let version: String
  /// Its number for single precision, which depends on its version.
  let float32: UInt32

  private static let result = Result { () throws(Failure) in
    try OpenVINO(path: OpenVINOLocation().find())
  }

  /// The library of this process.
  ///
  /// - Throws: `Failure` when it is not there, or cannot be used.
  package static func shared() throws(Failure) -> OpenVINO { try result.get() }

  private init(path: String) throws(Failure) {
    var functions = piq_ov()
    if let problem = piq_ov_open(path, &functions) {
      throw Self.unusable(path, String(cString: problem))
    }
    self.path = path
    var version = piq_ov_version()
    guard functions.get_openvino_version(&version) == 0, let build = version.build else {
      throw Self.unusable(path, "does not say its version")
    }
    self.version = String(String(cString: build).prefix { $0 != "-" })
    functions.version_free(&version)
    var core: OpaquePointer?
    guard functions.core_create(&core) == 0, let core else {
      throw Self.unusable(path, Self.message(of: functions, status: -1))
    }
    guard let float32 = Self.float32(functions) else {
      throw Self.unusable(path, "has unknown types of numbers")
    }
    (self.functions, self.core, self.float32) = (functions, core, float32)
  }

  /// Not called: the library stays for the life of the process, as its threads do.
  deinit { functions.core_free(core) }

  private static func unusable(_ path: String, _ problem: String) -> Failure {
    Failure(
      .engineNotFound, path: path, problem: "OpenVINO cannot be used: \(problem)",
      remedy: OpenVINOLocation.advice)
  }

  /// The number for single precision: 4, or 5 before release 2025, where 4 was half precision.
  private static func float32(_ functions: piq_ov) -> UInt32? {
    var one: Int64 = 1
    return [4, 5].first { type in
      withUnsafeMutablePointer(to: &one) { dims in
        var tensor: OpaquePointer?
        guard functions.tensor_create(type, piq_ov_shape(rank: 1, dims: dims), &tensor) == 0
        else { return false }
        defer { functions.tensor_free(tensor) }
        var size = 0
        return functions.tensor_get_byte_size(tensor, &size) == 0 && size == 4
      }
    }
  }

  /// Calls `body` with the functions.
  func with<Result, Failure: Error>(
    _ body: (borrowing piq_ov) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(functions)
  }

  /// Compiles a network for one thread of the CPU.
  func compile(
    _ model: OpaquePointer, roundsToBytes: Bool, _ compiled: inout OpaquePointer?
  ) -> piq_ov_status {
    var functions = functions
    return piq_ov_compile(
      &functions, core, model, roundsToBytes ? "PERFORMANCE" : "ACCURACY", &compiled)
  }

  /// Throws unless `status` is success.
  ///
  /// - Parameter operation: what was done, worded to follow "OpenVINO could not".
  func check(_ status: piq_ov_status, _ operation: @autoclosure () -> String) throws(Failure) {
    if status == 0 { return }
    throw Failure(
      .networkUnusable,
      problem: "OpenVINO could not \(operation()): \(Self.message(of: functions, status: status))",
      remedy: "export the network again, or with a newer opset")
  }

  /// What the library says of its last failure, in one line.
  private static func message(of functions: piq_ov, status: piq_ov_status) -> String {
    let last = functions.get_last_err_msg().map { String(cString: $0) } ?? ""
    let text = oneLine(last)
    if !text.isEmpty { return text }
    return functions.get_error_info(status).map { String(cString: $0).lowercased() } ?? "no reason"
  }

  /// A message of the library without its source files and line ends; what it says of a missing operator
  /// comes first.
  static func oneLine(_ message: String) -> String {
    let lines = message.split(whereSeparator: \.isNewline).compactMap { line -> String? in
      var line = line.drop { $0.isWhitespace || $0 == "-" }
      if line.hasPrefix("Exception from ") { return nil }
      // Check 'condition' failed at file:line: message
      if line.hasPrefix("Check '"), let place = line.range(of: "' failed at ") {
        let rest = line[place.upperBound...].drop { $0 != ":" }.dropFirst().drop(while: \.isNumber)
        let text = rest.drop { $0 == ":" || $0.isWhitespace }
        line = text.isEmpty ? line[..<place.lowerBound].dropFirst(7) : text
      }
      return line.isEmpty ? nil : String(line)
    }
    let operators = lines.first { $0.hasPrefix("No conversion rule found for operations") }
    let text = operators ?? lines.joined(separator: " ")
    return text.count > 300 ? text.prefix(300) + "…" : text
  }
}
