import PIQPlatform

extension Canvas {
  /// Writes the line above the panels: the title at its left end and, paler, the sound's source at
  /// its right end. Each is shortened in its middle if the space is too small.
  func drawHeader(title: String, source: String?, from left: Int, to right: Int) {
    let room = Double(right - left)
    let gap = 40.0
    let titleText = elided(title, to: source == nil ? room : room * 0.6, .title)
    let baseline = Double(Measure.titleBaseline)
    write(titleText, x: Double(left), y: baseline, .left, .title)
    if let source {
      let rest = room - width(of: titleText, .title) - gap
      write(elided(source, to: rest, .source), x: Double(right), y: baseline, .right, .source)
    }
  }

  /// `text` on one line of at most `limit` pixels, its middle replaced by an ellipsis if need be.
  func elided(_ text: String, to limit: Double, _ font: Font) -> String {
    // Longer text cannot fit, and a name may be of any length.
    let longest = 1000
    var text = text
    if text.unicodeScalars.count > longest {
      var middleless = text.unicodeScalars.prefix(longest / 2)
      middleless.append("…")
      middleless.append(contentsOf: text.unicodeScalars.suffix(longest / 2))
      text = String(middleless)
    }
    let whole = printable(text)
    if width(of: whole, font) <= limit { return whole }

    let characters = Array(whole)
    func keeping(_ count: Int) -> String {
      String(characters.prefix((count + 1) / 2)) + "…" + String(characters.suffix(count / 2))
    }
    // Find how many characters fit, by bisection.
    var (fits, tooMany) = (0, characters.count)
    while tooMany - fits > 1 {
      let middle = (fits + tooMany) / 2
      if width(of: keeping(middle), font) <= limit { fits = middle } else { tooMany = middle }
    }
    return keeping(fits)
  }
}
