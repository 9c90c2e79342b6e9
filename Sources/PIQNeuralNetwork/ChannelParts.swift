import PIQKernels
package import PIQTensor

extension Tensor {
  /// The channels of [..., C] in parts of these sizes, [..., size] each.
  ///
  /// - Precondition: the sizes add up to C.
  package func channelParts(_ sizes: [Int]) -> [Tensor] {
    let channels = shape.last ?? 1
    precondition(sizes.reduce(0, +) == channels, "\(sizes) are not \(channels) channels")
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return withElements(of: self) { elements in
        Tensor(shape: shape.dropLast() + [size]) { part in
          guard let part = part.baseAddress else { return }
          inParallel(rows: count / channels) { rows in
            for row in rows {
              (part + row * size).update(from: elements[0] + row * channels + start, count: size)
            }
          }
        }
      }
    }
  }

  /// Tensors [..., C'] of the same leading axes as one [..., C], their channels side by side.
  package init(joiningChannels parts: [Tensor]) {
    let sizes = parts.map { $0.shape.last ?? 1 }
    let channels = sizes.reduce(0, +)
    self.init(shape: parts[0].shape.dropLast() + [channels]) { all in
      guard let all = all.baseAddress else { return }
      var start = 0
      for (part, size) in zip(parts, sizes) {
        withElements(of: part) { elements in
          inParallel(rows: part.count / size) { rows in
            for row in rows {
              (all + row * channels + start).update(from: elements[0] + row * size, count: size)
            }
          }
        }
        start += size
      }
    }
  }
}
