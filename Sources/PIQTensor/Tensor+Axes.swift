extension Tensor {
  /// A copy with its axes in another order, as NumPy's `transpose`: axis i of the result is axis
  /// `axes[i]` of this tensor.
  public func transposed(_ axes: [Int]) -> Tensor {
    precondition(
      axes.sorted() == Array(shape.indices), "\(axes) is no order of \(shape.count) axes")
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    let newShape = axes.map { shape[$0] }
    let newStrides = axes.map { strides[$0] }
    guard let inner = newShape.last, count > 0 else { return self }
    let innerStride = newStrides[newShape.count - 1]
    return withUnsafeBuffer { source in
      Tensor(shape: newShape) { destination in
        var position = [Int](repeating: 0, count: newShape.count)
        var offset = 0
        var row = 0
        while row < destination.count {
          for i in 0..<inner { destination[row + i] = source[offset + i * innerStride] }
          row += inner
          // Advance the outer axes like an odometer.
          var axis = newShape.count - 2
          while axis >= 0 {
            position[axis] += 1
            offset += newStrides[axis]
            if position[axis] < newShape[axis] { break }
            offset -= position[axis] * newStrides[axis]
            position[axis] = 0
            axis -= 1
          }
        }
      }
    }
  }

  /// PyTorch's [B, C, H, W] as this package's [B, H, W, C].
  public func channelsLast() -> Tensor { transposed([0, 2, 3, 1]) }

  /// This package's [B, H, W, C] as PyTorch's [B, C, H, W].
  public func channelsFirst() -> Tensor { transposed([0, 3, 1, 2]) }

  /// The rows `range` of the first axis, copied.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(!shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0])
    let stride = shape.dropFirst().reduce(1, *)
    return withUnsafeBuffer { source in
      Tensor(
        shape: [range.count] + shape.dropFirst(),
        source[range.lowerBound * stride..<range.upperBound * stride])
    }
  }
}
