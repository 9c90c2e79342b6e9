import Dispatch
import PIQOneDNN
import PIQTensor

/// The machine that products run on.
public enum Processor {
  /// The peak rate of matrix products on the caller's threads, in operations a second: the best of
  /// a few short ones, whose operands stay in the caches.
  ///
  /// - Throws: `OneDNNError`.
  public static func peak(_ precision: Precision) throws -> Double {
    switch precision {
    case .float32: try peak(of: Float.self)
    case .bfloat16: try peak(of: BFloat16.self)
    }
  }

  private static func peak<F: Operand>(of _: F.Type) throws -> Double {
    let (size, count, rounds) = (256, 8, 12)
    let values = Tensor(shape: [size * size], repeating: 1)
    let operands = F.rounded(values)
    let sums = WorkerBuffers<Float>(count: size * size)
    var best = 0.0
    for _ in 0..<rounds {
      let start = DispatchTime.now()
      try sums.using { () throws(OneDNNError) in
        try operands.withOperands(of: F.self) { (operands) throws(OneDNNError) in
          try parallelFor(blocks: workerCount) { (_, worker) throws(OneDNNError) in
            for _ in 0..<count {
              try F.multiply(
                1, operands, operands, size: (size, size, size), transposingLeft: false,
                transposingRight: false, to: sums[worker], adding: false)
            }
          }
        }
      }
      let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
      let operations = 2 * Double(size * size * size * count * workerCount)
      best = max(best, operations / seconds)
    }
    return best
  }
}
