/// A rectangle of whole pixels; y grows downwards.
package struct Rectangle: Equatable, Sendable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package var maxX: Int { x + width }
  package var maxY: Int { y + height }
  /// The rectangle without a margin of this width.
  func inset(by margin: Int) -> Rectangle {
    Rectangle(x: x + margin, y: y + margin, width: width - 2 * margin, height: height - 2 * margin)
  }

  var midX: Double { Double(x) + Double(width) / 2 }
  var midY: Double { Double(y) + Double(height) / 2 }
}

/// An opaque colour, eight bits a channel.
package struct Color: Equatable, Sendable {
  package let red: UInt8
  package let green: UInt8
  package let blue: UInt8

  /// The colour of a pixel in Cairo's RGB24 format: 0xRRGGBB, the top byte unused.
  package init(rgb: UInt32) {
    red = UInt8(truncatingIfNeeded: rgb >> 16)
    green = UInt8(truncatingIfNeeded: rgb >> 8)
    blue = UInt8(truncatingIfNeeded: rgb)
  }

  package var rgb: UInt32 { UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue) }

  static let white = Color(rgb: 0xFFFFFF)
  static let ink = Color(rgb: 0x222222)
  static let paleInk = Color(rgb: 0x666666)
  /// What stands out from both colour maps.
  package static let accent = Color(rgb: 0xF0562B)
  /// Where a panel has no frames. Grey, which neither colour map contains at this lightness.
  package static let noData = Color(rgb: 0xE4E4E4)
}

/// A size and weight of DejaVu Sans.
struct Font {
  var size: Double
  var isBold = false
  var color = Color.ink

  // For a README, which scales a figure 1500 pixels wide to 900 or less.
  static let title = Font(size: 25, isBold: true)
  static let source = Font(size: 19, color: .paleInk)
  static let panelTitle = Font(size: 21)
  static let axis = Font(size: 20)
  static let tick = Font(size: 18)
}

/// The part of a text at the given point.
enum Anchor {
  case left, middle, right

  /// The fraction of the text's width before the point.
  var share: Double {
    switch self {
    case .left: 0
    case .middle: 0.5
    case .right: 1
    }
  }
}
