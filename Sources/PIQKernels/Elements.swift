package import PIQTensor

/// Calls `body` with the elements of several tensors, in their order.
package func withElements<Result, Failure: Error>(
  of tensors: Tensor..., body: ([UnsafePointer<Float>]) throws(Failure) -> Result
) throws(Failure) -> Result {
  try withElements(of: tensors, body: body)
}

/// The same of as many tensors as there are.
package func withElements<Result, Failure: Error>(
  of tensors: [Tensor], body: ([UnsafePointer<Float>]) throws(Failure) -> Result
) throws(Failure) -> Result {
  func open(
    _ rest: ArraySlice<Tensor>, _ pointers: [UnsafePointer<Float>]
  ) throws(Failure) -> Result {
    guard let next = rest.first else { return try body(pointers) }
    return try next.withUnsafeBuffer { (buffer) throws(Failure) in
      // A tensor has memory even where it has no elements.
      try open(rest.dropFirst(), pointers + [buffer.baseAddress!])
    }
  }
  return try open(tensors[...], [])
}
