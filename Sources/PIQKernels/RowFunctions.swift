import CPIQKernels
import PIQTensor

// Swift's names for the functions of rows in CPIQKernels: in single precision, one version for each
// generation of CPUs. Targets above do not import C.

/// x Φ(x) of `count` values, Φ the normal distribution.
package func gelu(_ x: UnsafePointer<Float>, count: Int, to y: UnsafeMutablePointer<Float>) {
  piq_gelu(x, count, y)
}

/// The gradient of `x` from that of x Φ(x).
package func geluGradient(
  _ x: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, count: Int,
  to result: UnsafeMutablePointer<Float>
) {
  piq_gelu_gradient(x, gradient, count, result)
}

/// The softmax of each row, in place.
func softmaxRows(_ x: UnsafeMutablePointer<Float>, rows: Int, columns: Int) {
  piq_softmax_rows(x, rows, columns)
}

/// The gradient of the rows before softmax from that after it, in its place.
func softmaxGradient(
  _ softmax: UnsafePointer<Float>, rows: Int, columns: Int,
  _ gradient: UnsafeMutablePointer<Float>
) {
  piq_softmax_gradient(softmax, rows, columns, gradient)
}

/// Normalises each row, times `weight` plus `bias`, both [channels].
///
/// - Parameter statistics: [rows, 2], means and factors; they are not kept if nil.
package func layerNorm(
  _ x: UnsafePointer<Float>, rows: Int, channels: Int, epsilon: Float,
  weight: UnsafePointer<Float>, bias: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>,
  statistics: UnsafeMutablePointer<Float>?
) {
  piq_layer_norm(x, rows, channels, epsilon, weight, bias, y, statistics)
}

/// The gradient of rows before a layer norm, from that after it and the statistics.
package func layerNormGradient(
  _ x: UnsafePointer<Float>, statistics: UnsafePointer<Float>, weight: UnsafePointer<Float>,
  _ gradient: UnsafePointer<Float>, rows: Int, channels: Int,
  to result: UnsafeMutablePointer<Float>
) {
  piq_layer_norm_gradient(x, statistics, weight, gradient, rows, channels, result)
}

/// One row of `width` pixels of a depthwise convolution with stride 1 and zeros around.
///
/// - Parameters:
///   - rows: the rows of the input that it reads, one for each row of the kernel; nil is outside.
///   - weights: [kernel, kernel, channels].
package func depthwiseRow(
  _ rows: [UnsafePointer<Float>?], width: Int, channels: Int, weights: UnsafePointer<Float>,
  to y: UnsafeMutablePointer<Float>
) {
  piq_depthwise_row(rows, width, channels, rows.count, weights, y)
}
