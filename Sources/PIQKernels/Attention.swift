package import PIQOneDNN
package import PIQTensor

/// The products of attention (Vaswani et al., arXiv 1706.03762), a head of a clip at a time:
/// softmax(Q Kᵀ / √d) V, with d = D / heads.
package struct AttentionKernel {
  private let clips, tokens, channels, heads: Int
  private var width: Int { channels / heads }
  private var scale: Float { 1 / Float(width).squareRoot() }

  /// For matrices of the shape [B, N, D]: B clips, N tokens, D channels.
  ///
  /// - Precondition: `heads` divides D.
  package init(shape: [Int], heads: Int) {
    precondition(shape.count == 3 && shape[2].isMultiple(of: heads), "\(heads) heads of \(shape)")
    (clips, tokens, channels) = (shape[0], shape[1], shape[2])
    self.heads = heads
  }

  private var shape: [Int] { [clips, tokens, channels] }

  /// A head's columns of one of the matrices.
  private func view(
    _ matrix: UnsafePointer<Float>, _ head: Int, isTransposed: Bool = false
  ) -> MatrixView {
    MatrixView(matrix + offset(head), stride: channels, isTransposed: isTransposed)
  }

  private func offset(_ head: Int) -> Int {
    head / heads * tokens * channels + head % heads * width
  }

  /// The weighted values [B, N, D] and the weights [B, heads, N, N].
  ///
  /// - Parameters:
  ///   - query, key, value: [B, N, D].
  /// - Throws: `OneDNNError`.
  package func callAsFunction(
    _ query: Tensor, _ key: Tensor, _ value: Tensor
  ) throws(OneDNNError) -> (output: Tensor, weights: Tensor) {
    precondition([query, key, value].allSatisfy { $0.shape == shape })
    var output = Tensor(shape: shape)
    var weights = Tensor(shape: [clips, heads, tokens, tokens])
    guard output.count > 0 else { return (output, weights) }
    let (sums, all) = (output.operands(of: Float.self), weights.operands(of: Float.self))
    try withElements(of: query, key, value) { (elements) throws(OneDNNError) in
      try parallelFor(blocks: clips * heads) { (head, _) throws(OneDNNError) in
        let weights = all + head * tokens * tokens
        try multiply(
          view(elements[0], head), view(elements[1], head, isTransposed: true),
          size: (tokens, tokens, width), factor: scale, to: weights, stride: tokens)
        softmaxRows(weights, rows: tokens, columns: tokens)
        try multiply(
          MatrixView(weights, stride: tokens), view(elements[2], head),
          size: (tokens, width, tokens), to: sums + offset(head), stride: channels)
      }
    }
    return (output, weights)
  }

  /// The gradients of the three matrices, each [B, N, D], for a gradient [B, N, D] of the output.
  ///
  /// - Parameter weights: what the way forward gave.
  /// - Throws: `OneDNNError`.
  package func gradients(
    _ gradient: Tensor, query: Tensor, key: Tensor, value: Tensor, weights: Tensor
  ) throws(OneDNNError) -> (query: Tensor, key: Tensor, value: Tensor) {
    var results = (
      query: Tensor(shape: shape), key: Tensor(shape: shape), value: Tensor(shape: shape)
    )
    guard gradient.count > 0 else { return results }
    let toQuery = results.query.operands(of: Float.self)
    let toKey = results.key.operands(of: Float.self)
    let toValue = results.value.operands(of: Float.self)
    let buffers = WorkerBuffers<Float>(count: tokens * tokens)
    try buffers.using { () throws(OneDNNError) in
      try withElements(
        of: query, key, value, gradient, weights
      ) { (elements) throws(OneDNNError) in
        let (query, key, value) = (elements[0], elements[1], elements[2])
        let (gradient, all) = (elements[3], elements[4])
        try parallelFor(blocks: clips * heads) { (head, worker) throws(OneDNNError) in
          let (weights, scores) = (all + head * tokens * tokens, buffers[worker])
          try multiply(
            MatrixView(weights, stride: tokens, isTransposed: true), view(gradient, head),
            size: (tokens, width, tokens), to: toValue + offset(head), stride: channels)
          try multiply(
            view(gradient, head), view(value, head, isTransposed: true),
            size: (tokens, tokens, width), to: scores, stride: tokens)
          softmaxGradient(weights, rows: tokens, columns: tokens, scores)
          try multiply(
            MatrixView(scores, stride: tokens), view(key, head), size: (tokens, width, tokens),
            factor: scale, to: toQuery + offset(head), stride: channels)
          try multiply(
            MatrixView(scores, stride: tokens, isTransposed: true), view(query, head),
            size: (tokens, width, tokens), factor: scale, to: toKey + offset(head),
            stride: channels)
        }
      }
    }
    return results
  }
}
