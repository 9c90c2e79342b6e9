import Testing

/// Decoders print nothing of their own, whatever they are given.
@Suite struct QuietDecoderTests {
  /// Frames of MP3 at 128 kbit/s and 44.1 kHz, mono, whose contents are noise.
  private static func frames(_ count: Int) -> [UInt8] {
    var state: UInt32 = 1
    return (0..<count).flatMap { _ in
      [0xFF, 0xFB, 0x90, 0xC0]
        + (0..<413).map { _ in
          state = state &* 1_664_525 &+ 1_013_904_223
          return UInt8(state >> 24 & 0x7F)
        }
    }
  }

  @Test(arguments: [0, 1, 3, 100], [0, 200]) func mp3(_ count: Int, _ cut: Int) throws {
    let space = try Workspace()
    let whole = Self.frames(count)
    try space.write("a.mp3", whole + Self.frames(1).prefix(cut) + [0xFF, 0xFB])
    var wav = WAV(data: whole + Self.frames(1).prefix(cut)).bytes
    wav[20] = 0x55
    try space.write("b.wav", wav)
    let outcome = try space.run(["classify", "-q", "a.mp3", "b.wav"])
    for line in outcome.errorLines { #expect(line.hasPrefix("piq-audio: ")) }
    #expect(outcome.outputLines.count == (count == 100 ? 2 : outcome.outputLines.count))
  }
}
