import PIQPlatform

/// Resolution of references, as HyperPyYAML's `recursive_resolve` and `deref`.
extension HyperParameters {
  private static let mostHops = 32
  private static let mostValues = 10_000

  /// The node that `keys` lead to from the root, references followed on the way and, unless
  /// `isFinal` is false, at the end; with its own keys. Nil where there is none.
  func locate(_ keys: [String], isFinal: Bool = true) -> (keys: [String], node: Node)? {
    var place: [String] = []
    var node = root
    var rest = keys[...]
    var hops = 0
    while true {
      if let target = Self.wholeReference(node), isFinal || !rest.isEmpty {
        hops += 1
        guard hops <= Self.mostHops, rest.count + target.count <= 256 else { return nil }
        (place, node, rest) = ([], root, target[...] + rest)
        continue
      }
      guard let key = rest.popFirst() else { return (place, node) }
      switch node {
      case .mapping(let items, _):
        guard let item = items[key] else { return nil }
        node = item
      case .list(let items, _):
        guard let index = Int(key), items.indices.contains(index) else { return nil }
        node = items[index]
      case .scalar: return nil
      }
      place.append(key)
    }
  }

  /// The value at `keys` with everything in it resolved; nil where there is none.
  ///
  /// - Throws: `Failure` when references expand it beyond the limits.
  func value(_ keys: [String]) throws(Failure) -> SpeechBrainValue? {
    // A dangling reference is an error, not a missing value: it is resolved below.
    guard let found = locate(keys, isFinal: false) else { return nil }
    var budget = Self.mostValues
    return try value(found.node, at: found.keys.joined(separator: "."), depth: 0, &budget)
  }

  private func value(
    _ node: Node, at place: String, depth: Int, _ budget: inout Int
  ) throws(Failure) -> SpeechBrainValue {
    budget -= 1
    guard budget >= 0, depth <= 100 else {
      throw Self.invalid(path, "has references that unfold beyond what hyperparameters need")
    }
    if case .scalar(let text, let isPlain, let tag) = node {
      switch tag {
      case nil: return isPlain ? Self.plain(text) : .string(text)
      case "!ref", "!copy":
        guard let target = Self.wholeReference(node) else { return interpolate(text) }
        guard let found = locate(target) else {
          return .unresolved("refers to \(text): no such key")
        }
        return try value(
          found.node, at: found.keys.joined(separator: "."), depth: depth + 1, &budget)
      case "!PLACEHOLDER": return .unresolved("is a placeholder")
      default: break
      }
    }
    let content: SpeechBrainValue
    switch node {
    case .scalar: content = .list([])
    case .list(let items, _):
      var values: [SpeechBrainValue] = []
      for item in items { values.append(try value(item, at: place, depth: depth + 1, &budget)) }
      content = .list(values)
    case .mapping(let items, _):
      var values: [String: SpeechBrainValue] = [:]
      for (key, item) in items {
        values[key] = try value(item, at: "\(place).\(key)", depth: depth + 1, &budget)
      }
      content = .mapping(values)
    }
    guard let tag = node.tag else { return content }
    for prefix in ["!new:", "!name:", "!apply:"] where tag.hasPrefix(prefix) {
      let origin = SpeechBrainObject.Origin(path: path, place: place)
      let className = String(tag.dropFirst(prefix.count))
      return switch content {
      case .mapping(let arguments):
        .object(.init(className: className, arguments: arguments, positional: [], origin: origin))
      case .list(let positional):
        .object(.init(className: className, arguments: [:], positional: positional, origin: origin))
      default: .unresolved("has odd arguments")
      }
    }
    return .unresolved("has the tag \(quoted(tag)), which is not supported")
  }

  /// `text` with each `<key>` replaced by the text of that key, as a value.
  private func interpolate(_ text: String, depth: Int = 0) -> SpeechBrainValue {
    var text = text
    for _ in 0..<Self.mostHops {
      guard let open = text.firstIndex(of: "<"), let close = text[open...].firstIndex(of: ">")
      else { return Self.computed(text) }
      let name = String(text[text.index(after: open)..<close])
      guard case .scalar(var part, _, let tag)? = locate(Self.keys(of: name))?.node,
        tag == nil || tag == "!ref" || tag == "!copy", text.utf8.count + part.utf8.count <= 65_536
      else { return .unresolved("refers to <\(name)>, which is no text") }
      if tag != nil {
        guard depth < Self.mostHops else { break }
        // A number that is itself computed is one operand, whatever stands beside it.
        switch interpolate(part, depth: depth + 1) {
        case .int(let number): part = "\(number)"
        case .double(let number): part = "\(number)"
        case .unresolved(let problem): return .unresolved(problem)
        default: break
        }
      }
      text.replaceSubrange(open...close, with: part)
    }
    return .unresolved("has references that go in a circle")
  }

  /// The value of a text without references: HyperPyYAML computes those of numbers and operators.
  private static func computed(_ text: String) -> SpeechBrainValue {
    switch plain(text) {
    case .int(let number): return .int(number)
    case .double(let number): return .double(number)
    default: break
    }
    do {
      return try Arithmetic.value(of: text)
    } catch .notNumbers {
      return .string(text)
    } catch {
      return .unresolved("is computed (\(quoted(text)): \(error)), which is not supported")
    }
  }

  /// The keys that a scalar consisting of one reference leads to.
  private static func wholeReference(_ node: Node) -> [String]? {
    guard case .scalar(let text, _, let tag) = node, tag == "!ref" || tag == "!copy",
      text.hasPrefix("<"), text.firstIndex(of: ">") == text.index(before: text.endIndex)
    else { return nil }
    return keys(of: String(text.dropFirst().dropLast()))
  }

  /// The keys of `a[b][c]`, or of `a.b`, which names an attribute: of an object that is not made,
  /// the argument of that name.
  private static func keys(of reference: String) -> [String] {
    let parts = reference.split(separator: ".", maxSplits: 1)
    guard let first = parts.first else { return [reference] }
    let keys = first.split(separator: "[").map { String($0.last == "]" ? $0.dropLast() : $0) }
    return keys + parts.dropFirst().map(String.init)
  }

  /// A scalar without quotes, by YAML's rules.
  private static func plain(_ text: String) -> SpeechBrainValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
    case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
    default: break
    }
    guard text.utf8.allSatisfy({ "0123456789+-._eE".utf8.contains($0) }) else {
      return .string(text)
    }
    let digits = text.filter { $0 != "_" }
    if let int = Int(digits) { return .int(int) }
    if let double = Double(digits) { return .double(double) }
    return .string(text)
  }
}
