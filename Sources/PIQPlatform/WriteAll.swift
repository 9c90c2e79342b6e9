import Foundation

/// Writes all of `bytes` to `descriptor`, however many calls that takes.
///
/// - Returns: 0, or the system's error number.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
  var rest = bytes[...]
  while !rest.isEmpty {
    let piece = UnsafeRawBufferPointer(rebasing: rest)
    let written = write(descriptor, piece.baseAddress, piece.count)
    if written < 0 && errno == EINTR { continue }
    guard written > 0 else { return written == 0 ? ENOSPC : errno }
    rest = rest.dropFirst(written)
  }
  return 0
}
