import Glibc
import PIQTensor

/// The colour scale of a panel: numbers from 0 to `highest`.
struct ColorScale {
  let map: ColorMap
  let highest: Float
  /// Whether lightness grows with the square root of the number instead of the number itself.
  let isSquareRoot: Bool
  let label: String

  /// The least upper end of a scale of log-power: noise of one step of 16 bits exceeds it. Silence,
  /// which is far below, is dark.
  private static let quietest: Float = 1e-4

  /// For log-power, log(1 + magnitude), up to `highest`.
  ///
  /// Most of a sound lies far below its peaks, and an interpretation below its input; on a linear
  /// scale both would be almost black. A square root makes them visible; the ticks of the colour
  /// bar follow it.
  static func logPower(upTo highest: Float) -> ColorScale {
    ColorScale(
      map: .logPower, highest: max(highest, quietest), isSquareRoot: true,
      label: "log(1 + magnitude)")
  }

  /// For masks, 0 to 1.
  static let mask = ColorScale(map: .mask, highest: 1, isSquareRoot: false, label: "Mask value")

  /// A number's position on the scale: 0 is its lower end, 1 its upper end.
  func share(of value: Float) -> Float {
    let share = min(max(value / highest, 0), 1)
    return isSquareRoot ? share.squareRoot() : share
  }

  func pixel(of value: Float) -> UInt32 { map.pixel(share(of: value)) }
}

extension Tensor {
  /// The largest finite element, or 0 where that is larger.
  var largestFinite: Float {
    withUnsafeBuffer { $0.reduce(0) { $1.isFinite ? max($0, $1) : $0 } }
  }
}

/// The log-power of a magnitude, log(1 + magnitude); 0 for an invalid magnitude.
func logPower(ofMagnitude magnitude: Float) -> Float { log1p(max(magnitude, 0)) }
