import PIQOneDNN
package import PIQTensor

/// Maps that are still to be normalised: a factor and a term a channel stand beside them, so that
/// they need not be kept a second time.
package struct NormalizedMaps {
  /// [B, H, W, C] before normalisation.
  package let maps: Tensor
  let affine: (scale: Tensor, shift: Tensor)?

  /// Maps that are to be taken as they are.
  package init(_ maps: Tensor) {
    self.maps = maps
    affine = nil
  }

  init(_ maps: Tensor, affine: (scale: Tensor, shift: Tensor)) {
    self.maps = maps
    self.affine = affine
  }

  /// One clip's maps, normalised: [1, H, W, C].
  func clip(_ clip: Int) -> Tensor {
    let shape = [1] + maps.shape.dropFirst()
    let channels = shape[3]
    let rows = shape[1] * shape[2]
    return maps.withUnsafeBuffer { maps in
      Tensor(shape: shape) { result in
        guard let source = maps.baseAddress.map({ $0 + clip * rows * channels }),
          let result = result.baseAddress
        else { return }
        guard let affine else { return result.update(from: source, count: rows * channels) }
        affine.scale.withUnsafeBuffer { scale in
          affine.shift.withUnsafeBuffer { shift in
            inParallel(rows: rows) { range in
              for row in range {
                let (source, result) = (source + row * channels, result + row * channels)
                for c in 0..<channels { result[c] = source[c] * scale[c] + shift[c] }
              }
            }
          }
        }
      }
    }
  }

  /// Writes `count` pixels from pixel `first` of all clips' on, normalised and rounded.
  func copy<F: Factor>(from first: Int, count: Int, to target: UnsafeMutablePointer<F>) {
    let channels = maps.shape[3]
    maps.withUnsafeBuffer { maps in
      guard let source = maps.baseAddress.map({ $0 + first * channels }) else { return }
      guard let affine else { return F.copy(source, count: count * channels, to: target) }
      affine.scale.withUnsafeBuffer { scale in
        affine.shift.withUnsafeBuffer { shift in
          withUnsafeTemporaryAllocation(of: Float.self, capacity: channels) { pixel in
            guard let scale = scale.baseAddress, let shift = shift.baseAddress,
              let pixel = pixel.baseAddress
            else { return }
            for i in 0..<count {
              let source = source + i * channels
              for c in 0..<channels { pixel[c] = source[c] * scale[c] + shift[c] }
              F.copy(pixel, count: channels, to: target + i * channels)
            }
          }
        }
      }
    }
  }

  /// All clips' maps, normalised.
  var all: Tensor {
    guard affine != nil else { return maps }
    return Tensor.joining(maps.shape, (0..<maps.shape[0]).map(clip))
  }
}

extension Tensor {
  /// Clips [1, H, W, C] as one tensor.
  fileprivate static func joining(_ shape: [Int], _ clips: [Tensor]) -> Tensor {
    Tensor(shape: shape) { result in
      for (index, clip) in clips.enumerated() {
        clip.withUnsafeBuffer {
          _ = UnsafeMutableBufferPointer(rebasing: result[(index * $0.count)...])
            .update(fromContentsOf: $0)
        }
      }
    }
  }
}

extension ConvTranspose2d {
  /// The layer with ReLU and batch normalisation after it, clip by clip where maps are large: only
  /// what the ReLU leaves is kept.
  ///
  /// - Returns: the maps, and a pullback from the gradient of the normalised maps, which it writes
  ///   over, to that of the normalised input.
  /// - Throws: `OneDNNError` when `x` does not fit.
  package func differentiated(
    _ x: NormalizedMaps, then norm: BatchNorm, mode: Mode
  ) throws -> (value: NormalizedMaps, pullback: (consuming Tensor) throws -> Tensor) {
    let maps: Tensor
    let products = self.products()
    if let products {
      let shape = geometry.shape(of: x.maps).output
      maps = try products.fine(
        x, height: shape[1], width: shape[2], bias: bias.value, fusing: Fusion(relu: true))
    } else {
      let plan = fused(relu: true)
      maps = try plan(x.all)
    }
    let statistics = try norm.statistics(of: maps, mode: mode)
    let rectified = maps
    return (
      NormalizedMaps(rectified, affine: norm.affine(statistics)),
      { [self] (gradient: consuming Tensor) in
        let columns = norm.backward(
          &gradient, at: rectified, statistics, mode: mode, throughRelu: true)
        if let columns { bias.accumulate(columns) }
        return try inputGradient(gradient, for: x, products)
      }
    )
  }

  /// The layer alone, clip by clip.
  ///
  /// - Returns: the output, and a pullback to the gradient of the normalised input.
  /// - Throws: `OneDNNError` when `x` does not fit.
  package func differentiated(
    _ x: NormalizedMaps
  ) throws -> (value: Tensor, pullback: (consuming Tensor) throws -> Tensor) {
    let products = self.products()
    let precision = Autocast.precision
    let value =
      if SingleChannelProduct.fits(geometry) {
        try SingleChannelProduct(
          geometry, weights: weight.value, bias: bias.value, precision: precision)(x)
      } else {
        try self(x.all)
      }
    return (
      value,
      { [self] gradient in
        if bias.needsGradient { bias.accumulate(columnSums(gradient)) }
        return try inputGradient(gradient, for: x, products, precision)
      }
    )
  }

  /// The layer as products of matrices, where that is the better way.
  private func products() -> DoublingProducts? {
    DoublingProducts.fits(geometry)
      ? DoublingProducts(weights: weight.value, precision: Autocast.precision) : nil
  }

  /// The gradient of the normalised input; that of the weights is accumulated.
  private func inputGradient(
    _ gradient: Tensor, for x: NormalizedMaps, _ products: DoublingProducts?,
    _ precision: Precision = .float32
  ) throws -> Tensor {
    if SingleChannelProduct.fits(geometry) {
      let back = SingleChannelGradient(geometry, weights: weight.value, precision: precision)
      let (value, weights) = try back(gradient, at: x, needsWeights: weight.needsGradient)
      if let weights { weight.accumulate(weights) }
      return value
    }
    if let products {
      if weight.needsGradient {
        weight.accumulate(try products.weightGradient(coarse: x, fine: gradient))
      }
      return try products.coarse(gradient, height: x.maps.shape[1], width: x.maps.shape[2])
    }
    var back = geometry
    (back.inChannels, back.outChannels) = (geometry.outChannels, geometry.inChannels)
    back.isTransposed = false
    let plan = ConvolutionPlan(
      back, weights: weight.value, bias: Tensor(shape: [back.outChannels]), isTraining: true)
    guard DoublingWeightGradient.fits(geometry) else {
      if weight.needsGradient {
        weight.accumulate(
          try ConvolutionWeightGradient(back.shape(of: gradient))(gradient, gradient: x.all))
      }
      return try plan(gradient)
    }
    if weight.needsGradient {
      var sums = DoublingWeightGradient(
        inChannels: geometry.inChannels, outChannels: geometry.outChannels)
      for clip in 0..<gradient.shape[0] {
        try sums.add(x.clip(clip), gradient: gradient, clip: clip)
      }
      weight.accumulate(sums.value)
    }
    return try plan(gradient)
  }
}
