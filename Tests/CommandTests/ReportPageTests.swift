import Foundation
import Testing

/// The page of `piq-audio report` in a browser, as someone uses it.
@Suite struct ReportPageTests {
  /// A run of three clips, the third with a name that would be markup if it were not escaped.
  private func openPage(in space: Workspace? = nil) throws -> Browser {
    let space = try space ?? Workspace()
    for name in ["a.wav", "night/b.wav", "<img src=x onerror=document.title=1>.wav"] {
      try space.write("in/" + name, WAV.noise(64_000).bytes)
    }
    try space.run(["interpret", "-o", "out", "in"]).expectSuccess()
    try space.run(["report", "out", "--title", "Three"]).expectSuccess()
    return try Browser("out/report.html", in: space)
  }

  private func time(_ page: Browser) throws -> Double {
    let text = try page.text("#time")
    return try #require(Double(text.prefix { $0 != " " }), "\(text)")
  }

  private func pressed(_ page: Browser) throws -> String {
    try page.text("[data-sound][aria-pressed=true]").filter(\.isLetter)
  }

  @Test func playing() throws {
    let page = try openPage()
    #expect(try page.text("#time") == "0.00 s of 4.00 s")
    #expect(try page.evaluate("document.querySelectorAll('#pictures img').length") as? Int == 3)
    #expect(
      try page.evaluate(
        "[...document.querySelectorAll('#pictures img')].every((one) => one.naturalWidth > 300)")
        as? Bool == true)

    try page.click("#play")
    try page.wait("the sound to play") { try time(page) > 0.1 }
    #expect(try page.evaluate("document.querySelector('#play').ariaLabel") as? String == "Pause")
    // Another sound while it plays: the clock goes on.
    let before = try time(page)
    try page.press("2", code: 50)
    #expect(try pressed(page) == "Interpretation")
    try page.click("[data-sound=residual]")
    #expect(try pressed(page) == "Residual")
    let after = try time(page)
    #expect(after >= before && after < 4)
    try page.wait("the sound to go on") { try time(page) > after }

    // The playhead is where the time is, over the same part of each panel.
    try page.press(" ", code: 32)
    #expect(try page.evaluate("document.querySelector('#play').ariaLabel") as? String == "Play")
    let position = try time(page)
    let heads = try #require(
      try page.evaluate(
        """
        [...document.querySelectorAll(".playhead")].map((head) => parseFloat(head.style.left))
        """) as? [Double])
    #expect(heads.count == 3 && Set(heads).count == 1)
    // 345 frames, of which the first is centred on 0 s.
    let expected = 100 * (position * 16_000 / 186 + 0.5) / 345
    #expect(abs(heads[0] - expected) < 0.5, "\(heads[0]) at \(position) s")

    try page.press("Home", code: 36)
    try page.press("ArrowRight", code: 39)
    #expect(try time(page) == 0.25)
    try page.click(".panel")
    #expect(try abs(time(page) - 2) < 0.05)
    #expect(page.complaints == [])
  }

  /// What carried the class is outlined on each panel, where the JSON says that it is.
  @Test func regions() throws {
    let space = try Workspace()
    let page = try openPage(in: space)
    let report = try space.json("out/a.interpretation.json")
    let region = try #require(report["region"] as? [String: Any])
    func number(_ name: String) throws -> Double { try #require(region[name] as? Double) }
    let boxes = try #require(
      try page.evaluate(
        """
        [...document.querySelectorAll(".panel")].map((panel) => {
          const [outer, inner] = [panel, panel.querySelector(".box")]
            .map((one) => one.getBoundingClientRect());
          return [(inner.left - outer.left) / outer.width, inner.width / outer.width,
            (outer.bottom - inner.bottom) / outer.height, inner.height / outer.height];
        })
        """) as? [[Double]])
    #expect(boxes.count == 3)
    let (start, low) = (try number("start"), try number("low"))
    let expected = [
      start / 4, (try number("end") - start) / 4, low / 8000, (try number("high") - low) / 8000,
    ]
    for box in boxes {
      for (found, wanted) in zip(box, expected) { #expect(abs(found - wanted) < 0.02, "\(boxes)") }
    }
  }

  @Test func choosing() throws {
    let page = try openPage()
    #expect(try page.text("#name") == "<img src=x onerror=document.title=1>")
    #expect(try page.evaluate("document.title") as? String == "Three")
    #expect(try page.evaluate("document.images.length") as? Int == 3)
    try page.press("ArrowDown", code: 40)
    #expect(try page.text("#name") == "a")
    try page.click("#rows tr:nth-child(3) .pick")
    #expect(try page.text("#name") == "night/b")
    #expect(try page.evaluate("document.querySelectorAll('[aria-current]').length") as? Int == 1)
    // Sorted the other way round, and filtered.
    try page.click("[data-key=name]")
    #expect(
      try page.evaluate("document.querySelector('th').ariaSort") as? String == "descending")
    #expect(try page.text("#rows tr:first-child .pick") == "night/b")
    try page.press("/", code: 191)
    for letter in "NIGHT" { try page.press("\(letter)", code: 65) }
    #expect(try page.text("#shown") == "1 of 3 clips")
    _ = try page.evaluate("document.querySelector('#filters').reset()")
    try page.wait("the filters to open") { try page.text("#shown") == "3 clips" }
    _ = try page.evaluate(
      """
      (() => {
        const least = document.querySelector("#filter-least");
        least.value = 100.5;
        least.dispatchEvent(new Event("input", { bubbles: true }));
      })()
      """)
    #expect(try page.text("#shown") == "0 of 3 clips")
    _ = try page.evaluate("document.activeElement.blur()")
    try page.press("?", code: 191)
    #expect(try page.evaluate("document.querySelector('#help').open") as? Bool == true)
    #expect(page.complaints == [])
  }
}
