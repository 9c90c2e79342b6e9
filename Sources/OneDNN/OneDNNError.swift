import COneDNN

/// An operation that oneDNN refused or failed.
public struct OneDNNError: Error, CustomStringConvertible, Equatable {
  /// What was asked of oneDNN, with its shapes.
  public let operation: String
  /// oneDNN's reason, in words.
  public let reason: String

  package init(operation: String, reason: String) {
    self.operation = operation
    self.reason = reason
  }

  public var description: String {
    "oneDNN could not run \(operation): \(reason); "
      + "check that the installed oneDNN is release 2.6 or later and that there is enough memory"
  }
}

/// Throws unless oneDNN reports success.
func check(_ status: dnnl_status_t, _ operation: @autoclosure () -> String) throws(OneDNNError) {
  if status == dnnl_success { return }
  let reason =
    switch status {
    case dnnl_out_of_memory: "out of memory"
    case dnnl_invalid_arguments: "the shapes do not fit together"
    case dnnl_unimplemented: "no implementation on this CPU"
    default: "runtime error \(status.rawValue)"
    }
  throw OneDNNError(operation: operation(), reason: reason)
}
