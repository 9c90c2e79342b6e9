import Foundation

/// A JSON schema of draft 2020-12, as far as docs/schema uses it: `$ref` into `$defs`, `anyOf`,
/// `type`, `enum`, `minimum`, `maximum`, `items`, `required`, `properties`, `additionalProperties`.
public struct JSONSchema {
  private typealias Object = [String: Any]

  private let root: Object

  /// The keywords that are checked, and those that check nothing.
  private static let keywords: Set = [
    "$ref", "anyOf", "type", "enum", "minimum", "maximum", "items", "required", "properties",
    "additionalProperties", "$schema", "$defs", "title", "description",
  ]

  /// The schema in a file.
  public init(path: String) throws {
    let data = try Data(contentsOf: URL(filePath: path))
    root = try JSONSerialization.jsonObject(with: data) as? Object ?? [:]
  }

  /// What of `value`, as `JSONSerialization` reads it, the schema does not allow; also what of the
  /// schema is not understood.
  public func problems(in value: Any) -> [String] { problems(in: value, root, at: "$") }

  private func problems(in value: Any, _ schema: Object, at path: String) -> [String] {
    var problems = schema.keys.filter { !Self.keywords.contains($0) }.map {
      "\(path): the schema's \($0) is not checked"
    }
    if let reference = schema["$ref"] as? String {
      let definitions = root["$defs"] as? Object
      if let target = definitions?[String(reference.dropFirst("#/$defs/".count))] as? Object {
        problems += self.problems(in: value, target, at: path)
      } else {
        problems.append("\(path): the schema has no \(reference)")
      }
    }
    if let choices = schema["anyOf"] as? [Object] {
      let all = choices.map { self.problems(in: value, $0, at: path) }
      if !all.contains([]) { problems += all.min { $0.count < $1.count } ?? [] }
    }
    if let type = schema["type"] as? String, !isOf(type, value) {
      problems.append("\(path) is no \(type)")
    }
    if let allowed = schema["enum"] as? [NSObject], !allowed.contains(where: { $0.isEqual(value) })
    {
      problems.append("\(path) is \(value)")
    }
    if let number = value as? Double {
      if let least = schema["minimum"] as? Double, number < least {
        problems.append("\(path) is below \(least)")
      }
      if let most = schema["maximum"] as? Double, number > most {
        problems.append("\(path) is above \(most)")
      }
    }
    if let elements = value as? [Any], let items = schema["items"] as? Object {
      for (index, element) in elements.enumerated() {
        problems += self.problems(in: element, items, at: "\(path)[\(index)]")
      }
    }
    if let object = value as? Object { problems += members(of: object, schema, at: path) }
    return problems
  }

  private func members(of object: Object, _ schema: Object, at path: String) -> [String] {
    let required = schema["required"] as? [String] ?? []
    var problems = required.filter { object[$0] == nil }.map { "\(path) has no \($0)" }
    let properties = schema["properties"] as? Object ?? [:]
    for (key, value) in object.sorted(by: { $0.key < $1.key }) {
      if let property = (properties[key] ?? schema["additionalProperties"]) as? Object {
        problems += self.problems(in: value, property, at: "\(path).\(key)")
      } else if schema["additionalProperties"] as? Bool == false {
        problems.append("\(path) has \(key)")
      }
    }
    return problems
  }

  private func isOf(_ type: String, _ value: Any) -> Bool {
    switch type {
    case "object": value is Object
    case "array": value is [Any]
    case "string": value is String
    case "boolean": isBoolean(value)
    case "integer": !isBoolean(value) && value is Int
    case "number": !isBoolean(value) && value is Double
    default: false
    }
  }

  /// Whether a value is true or false, and not a number that could be taken for one.
  private func isBoolean(_ value: Any) -> Bool {
    (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? false
  }
}
