import Foundation
import PIQReport
import Testing

/// Names and labels are anyone's: a page must show them and do nothing else with them.
@Suite struct EscapingTests {
  static let hostile = [
    #"<img src=x onerror=alert(1)>"#,
    #"</script><img src=x onerror=alert(1)>"#,
    #"<!--<script>"#,
    #"" onmouseover="alert(1)"#,
    // To Swift, a quotation mark and the accent after it are one character; to a browser, two.
    "\"\u{301} onmouseover=alert(1) x=\"\u{301}",
    "'\u{301}><\u{301}img>",
    #"]]></style><svg/onload=alert(1)>"#,
    "{{style}}{{{style}}}{{#rows}}{{name}}{{/rows}}",
    "line\nend\r\u{2028}\u{0}\u{1B}[31m",
    "&lt;b&gt;",
  ]

  @Test(arguments: hostile) func nothingOfANameIsMarkup(_ text: String) throws {
    let run = try SampleRun()
    let plain = try makePage([run.add("plain")], in: run).text
    let name = text.replacing("/", with: "_").replacing("\u{0}", with: "")
    let page = try makePage([run.add(name, label: text)], title: text, in: run).text
    // As many tags, attributes and elements of script as with harmless names, and as many quotation
    // marks outside of JSON.
    for mark: Unicode.Scalar in ["<", ">"] {
      #expect(count(mark, page) == count(mark, plain), "\(mark)")
    }
    let (rows, plainRows) = (markup(page), markup(plain))
    for mark: Unicode.Scalar in ["\"", "'"] {
      #expect(count(mark, rows) == count(mark, plainRows), "\(mark)")
    }
    #expect(!page.unicodeScalars.contains { $0.value == 0 || $0.value == 0x1B })
  }

  /// Whatever comes before the data.
  private func markup(_ page: String) -> String {
    String(
      page[
        ..<(page.firstRange(of: #"<script type="application/json""#)?.lowerBound
          ?? page.endIndex)])
  }

  private func count(_ mark: Unicode.Scalar, _ text: String) -> Int {
    text.unicodeScalars.count { $0 == mark }
  }

  @Test func theNameIsShownAsItIs() throws {
    let run = try SampleRun()
    let text = #"</script> & "x" <b>"#
    let page = try makePage([run.add("plain", label: text)], in: run).text
    #expect(page.contains("<bdi>&lt;/script&gt; &amp; &quot;x&quot; &lt;b&gt;</bdi>"))
    #expect(page.contains(#"\u003c/script\u003e \u0026 \"x\" \u003cb\u003e"#))
    let start = try #require(page.firstRange(of: #"id="clip-0">"#)?.upperBound)
    let end = try #require(page[start...].firstRange(of: "</script>")?.lowerBound)
    let info = try JSONSerialization.jsonObject(with: Data(page[start..<end].utf8))
    #expect((info as? [String: Any])?["label"] as? String == text)
  }

  @Test func theScriptIsTheOnlyOneThatMayRun() throws {
    let run = try SampleRun()
    let page = try makePage([run.add("plain")], in: run).text
    #expect(page.contains("default-src 'none'; img-src data:;"))
    #expect(page.contains(/script-src 'sha256-[A-Za-z0-9+\/]{43}='/))
    #expect(!page.contains("http://") && !page.contains("https://"))
  }
}
