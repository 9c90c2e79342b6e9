import PIQTensor

extension Tensor {
  /// This tensor as an argument that is only read.
  func argument(_ index: Int, _ layout: MemoryDescriptor) -> Primitive.Argument {
    withUnsafeBuffer { elements in
      Primitive.Argument(
        index: Int32(index), layout: layout,
        data: elements.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }, owner: self)
    }
  }
}

extension UnsafeMutableBufferPointer<Float> {
  /// This buffer as an argument that is written. The caller keeps it alive.
  func argument(_ index: Int, _ layout: MemoryDescriptor) -> Primitive.Argument {
    Primitive.Argument(
      index: Int32(index), layout: layout, data: UnsafeMutableRawPointer(baseAddress))
  }
}
