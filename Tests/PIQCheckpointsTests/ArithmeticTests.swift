import PIQCheckpoints
import Testing

/// Arithmetic in HyperPyYAML, as Python computes it.
@Suite struct ArithmeticTests {
  @Test(arguments: [
    ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("-7 // 2", -4), ("7 // -2", -4), ("-7 % 3", 2),
    ("2 - 3 - 4", -5), ("1024//64", 16), ("-(2)*-3", 6), ("1_000 * 2", 2000), ("+5", 5),
  ])
  func integers(text: String, value: Int) throws {
    guard case .int(value) = try Arithmetic.value(of: text) else {
      Issue.record("\(try Arithmetic.value(of: text))")
      return
    }
  }

  @Test(arguments: [
    ("1 / 4", 0.25), ("4 / 2", 2), ("1e-3 * 2", 0.002), ("7.5 // 2", 3), ("-7.5 % 2", 0.5),
    (".5 + 1", 1.5),
  ])
  func decimals(text: String, value: Double) throws {
    guard case .double(value) = try Arithmetic.value(of: text) else {
      Issue.record("\(try Arithmetic.value(of: text))")
      return
    }
  }

  @Test(arguments: [
    ("2 ** 3", "** in the wrong place"), ("1 / 0", "a division by zero"),
    ("(1 + 2", "a parenthesis is open"), ("1 +", "a number is missing"), ("1 2", "2 in the wrong"),
    ("9223372036854775807 + 1", "too large"), ("1e308 * 10", "no number"),
    (String(repeating: "(", count: 100_000) + "1", "too deep"),
    (String(repeating: "-", count: 100_000) + "1", "too deep"),
    ("-9223372036854775807 * 3 // -1", "too large"),
  ])
  func refused(text: String, reason: String) {
    let problem = #expect(throws: Arithmetic.Problem.self) { try Arithmetic.value(of: text) }
    #expect(problem?.description.contains(reason) == true, "\(problem?.description ?? "")")
  }

  @Test(arguments: ["results/1234", "a + 1", "", "-", "1;2", "__import__('os')"])
  func text(text: String) {
    let problem = #expect(throws: Arithmetic.Problem.self) { try Arithmetic.value(of: text) }
    guard case .notNumbers? = problem else {
      Issue.record("\(problem?.description ?? "")")
      return
    }
  }
}
