import COneDNN
import Tensor

extension Tensor {
  /// This tensor as an argument that is only read. The caller keeps the tensor alive.
  func argument(_ index: Int, _ layout: MemoryDescriptor) -> Primitive.Argument {
    withUnsafeBuffer {
      Primitive.Argument(
        index: Int32(index), layout: layout, data: UnsafeMutableRawPointer(mutating: $0.baseAddress))
    }
  }
}

extension UnsafeMutableBufferPointer<Float> {
  /// This buffer as an argument that is written.
  func argument(_ index: Int, _ layout: MemoryDescriptor) -> Primitive.Argument {
    Primitive.Argument(
      index: Int32(index), layout: layout, data: UnsafeMutableRawPointer(baseAddress))
  }
}
