import PIQPlotting
import Testing

@Suite struct ColorMapTests {
  @Test func logPowerGrowsLighterThroughout() {
    let luminances = (0...63).map { ColorMap.logPower.color(Float($0) / 63).luminance }
    #expect(zip(luminances, luminances.dropFirst()).allSatisfy { $0 < $1 })
    #expect(luminances[0] < 10)
    #expect(luminances[63] > 240)
  }

  @Test func maskGrowsDarkerThroughout() {
    let luminances = (0...63).map { ColorMap.mask.color(Float($0) / 63).luminance }
    #expect(zip(luminances, luminances.dropFirst()).allSatisfy { $0 > $1 })
    #expect(luminances[0] > 240)
    #expect(luminances[63] < 50)
  }

  @Test(arguments: [ColorMap.logPower, .mask])
  func lightnessRunsEvenly(map: ColorMap) {
    let (lowest, highest) = (map.color(0).luminance, map.color(1).luminance)
    for index in 0...63 {
      let share = Float(index) / 63
      let even = lowest + (highest - lowest) * Double(share)
      #expect(abs(map.color(share).luminance - even) < 8)
    }
  }

  @Test(arguments: [ColorMap.logPower, .mask])
  func valuesOutsideTakeTheNearerEnd(map: ColorMap) {
    #expect(map.color(-1) == map.color(0))
    #expect(map.color(-.infinity) == map.color(0))
    #expect(map.color(.nan) == map.color(0))
    #expect(map.color(7) == map.color(1))
    #expect(map.color(.infinity) == map.color(1))
  }
}

extension Color {
  /// How light the colour is, from 0 to 255: the luma weights that cubehelix is built on.
  var luminance: Double { 0.30 * Double(red) + 0.59 * Double(green) + 0.11 * Double(blue) }
}
