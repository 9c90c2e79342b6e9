import Glibc

/// A colour for every number from 0 to 1, in 64 steps: more are not visible in a spectrogram, and
/// with 256 its PNG file takes half as long again to compress.
///
/// The maps are cubehelix schemes (D. A. Green, "A colour scheme for the display of astronomical
/// intensity images", Bull. Astr. Soc. India 39, 2011): lightness changes linearly, so that the
/// order is kept in greyscale print and for colour-blind readers.
package struct ColorMap: Sendable {
  /// Pixels from the lowest to the highest value.
  private let table: [UInt32]
  private static let steps = 64

  /// Cubehelix between two lightnesses.
  ///
  /// - Parameters:
  ///   - start: the hue at lightness 0 (0 blue, 1 red, 2 green).
  ///   - rotations: the number of hue rotations from black to white; positive from blue over red to
  ///     green.
  ///   - saturation: the size of the colour deviation from grey (Green's "hue" parameter).
  ///   - lightness: the lightness of the lowest and of the highest value, within 0 and 1.
  init(
    start: Double, rotations: Double, saturation: Double,
    lightness: (lowest: Double, highest: Double)
  ) {
    table = (0..<Self.steps).map { index in
      let fraction = Double(index) / Double(Self.steps - 1)
      let light = lightness.lowest + (lightness.highest - lightness.lowest) * fraction
      let angle = 2 * Double.pi * (start / 3 + rotations * light)
      let amplitude = saturation * light * (1 - light) / 2
      func byte(_ cosine: Double, _ sine: Double) -> UInt32 {
        let value = light + amplitude * (cosine * cos(angle) + sine * sin(angle))
        return UInt32((min(max(value, 0), 1) * 255).rounded())
      }
      return byte(-0.14861, 1.78277) << 16 | byte(-0.29227, -0.90649) << 8 | byte(1.97294, 0)
    }
  }

  /// The pixel of a value; values are clamped to 0...1, and NaN gives the lowest.
  func pixel(_ value: Float) -> UInt32 {
    guard value > 0 else { return table[0] }
    return table[Int(min(value, 1) * Float(Self.steps - 1) + 0.5)]
  }

  /// The colour of a value from 0 to 1.
  package func color(_ value: Float) -> Color { Color(rgb: pixel(value)) }

  /// Black over blue, red and orange to a warm white.
  package static let logPower = ColorMap(
    start: 0, rotations: 0.5, saturation: 1.35, lightness: (0.02, 0.97))
  /// White to dark blue.
  package static let mask = ColorMap(start: 2.75, rotations: 0, saturation: 1, lightness: (1, 0.12))
}
