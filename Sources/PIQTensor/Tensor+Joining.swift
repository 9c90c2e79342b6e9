extension Tensor {
  /// Tensors joined along their first axis, as NumPy's `concatenate`.
  ///
  /// - Precondition: there is one at least, and all further extents are equal.
  public init(concatenating tensors: [Tensor]) {
    let inner = tensors[0].shape.dropFirst()
    precondition(tensors.allSatisfy { $0.shape.dropFirst() == inner }, "rows of one shape")
    self.init(shape: [tensors.reduce(0) { $0 + $1.shape[0] }] + inner) { values in
      var start = 0
      for tensor in tensors {
        tensor.withUnsafeBuffer {
          _ = UnsafeMutableBufferPointer(rebasing: values[start...]).update(fromContentsOf: $0)
        }
        start += tensor.count
      }
    }
  }

  /// Tensors of one shape along a new first axis, as NumPy's `stack`.
  ///
  /// - Precondition: there is one at least, and all shapes are equal.
  public init(stacking tensors: [Tensor]) {
    self.init(concatenating: tensors.map { $0.reshaped([1] + $0.shape) })
  }

  /// Its elements times `factor`, in the same shape.
  package func scaled(by factor: Float) -> Tensor {
    withUnsafeBuffer { values in
      Tensor(shape: shape) { scaled in
        for i in scaled.indices { scaled[i] = values[i] * factor }
      }
    }
  }
}

extension Collection where Element: Comparable {
  /// The index of the largest element, the first one if several are; nil if there is none.
  package var indexOfMaximum: Index? {
    indices.reduce(nil) { best, i in
      guard let best, self[best] >= self[i] else { return i }
      return best
    }
  }
}
