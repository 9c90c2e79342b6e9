import CPIQOneDNN

/// An operation that oneDNN refused or failed.
public struct OneDNNError: Error, CustomStringConvertible, Equatable {
  /// The operation, with its shapes.
  public let operation: String
  /// The reason for the failure.
  public let reason: String
  /// The suggested remedy.
  public let remedy: String

  /// The error that `operation` failed for `reason`.
  package init(
    operation: String, reason: String, remedy: String = "check the sizes of what goes in"
  ) {
    self.operation = operation
    self.reason = reason
    self.remedy = remedy
  }

  public var description: String { "could not run \(operation): \(reason); \(remedy)" }
}

/// Throws unless oneDNN reports success.
func check(_ status: dnnl_status_t, _ operation: @autoclosure () -> String) throws(OneDNNError) {
  if status == dnnl_success { return }
  let (reason, remedy) =
    switch status {
    case dnnl_out_of_memory: ("out of memory", "work on shorter clips, or free some memory")
    case dnnl_invalid_arguments:
      ("the shapes do not fit together", "check the sizes of what goes in")
    case dnnl_unimplemented:
      ("oneDNN has no implementation of it", "install oneDNN 2.6 or later (libdnnl-dev)")
    default: ("oneDNN reports error \(status.rawValue)", "set DNNL_VERBOSE=1 to see what it ran")
    }
  throw OneDNNError(operation: operation(), reason: reason, remedy: remedy)
}
