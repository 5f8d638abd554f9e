import Dispatch
import Files

/// A number for the layers whose name matches a regular expression, from its start or from behind a dot (PEFT's `rank_pattern` and
/// `alpha_pattern`).
package struct LayerPattern<Value: Equatable & Sendable>: Equatable, Sendable {
  package let pattern: String
  package let value: Value

  package init(_ pattern: String, _ value: Value) { (self.pattern, self.value) = (pattern, value) }

  /// Whether the pattern can be used.
  var isValid: Bool { Regex(name: pattern) != nil }

  func matches(_ path: String) -> Bool {
    guard let expression = Regex(name: "(?:.*\\.)?(?:\(pattern))") else { return false }
    return (try? expression.wholeMatch(in: path)) != nil
  }
}

extension AdapterConfiguration {
  /// Reads the keys that treat some layers differently.
  mutating func readPatterns(_ section: inout SettingsSection) {
    ranks = section.value(
      "rank_pattern", .patterns(.integer()), default: [], "Other ranks of some layers: {\"pattern of names\": rank}")
    alphas = section.value(
      "alpha_pattern", .patterns(.number(above: 0, to: 1e30)), default: [], "Other lora_alphas of some layers")
    excluded = section.value(
      "exclude_modules", .exclusion, default: .names([]), "Layers that are not adapted, named as targets are")
    blocks = section.value(
      "layers_to_transform", .blocks, default: nil, "The numbers of the only blocks whose layers are adapted")
    blockNames = section.value(
      "layers_pattern", .blockNames, default: [], "What stands before the number of a block in a layer's name")
    let (blocks, targets, blockNames) = (blocks, targets, blockNames)
    section.rule(
      "layers_to_transform", "target_modules",
      holds: blocks == nil || { if case .names = targets { true } else { false } }(),
      "\"layers_to_transform\" needs a list of names for target_modules, as in PEFT")
    section.rule(
      "layers_pattern", "layers_to_transform", holds: blockNames.isEmpty || blocks != nil,
      "\"layers_pattern\" needs \"layers_to_transform\"")
  }

  /// Refuses regular expressions that names take forever to be matched with: matching goes back and tries again, for a few
  /// expressions more often than there is time.
  func checkExpressions(on paths: [String]) throws(Failure) {
    var texts = ranks.map(\.pattern) + alphas.map(\.pattern) + blockNames
    for case .pattern(let text) in [targets, excluded] { texts.append(text) }
    for text in texts {
      let isDone = DispatchSemaphore(value: 0)
      // It cannot be stopped; the program ends with the failure.
      DispatchQueue.global().async {
        for form in [text, "(?:.*\\.)?(?:\(text))", "(?:.*?\\.)?(?:\(text))\\.([0-9]+)\\..*"] {
          guard let expression = Regex(name: form) else { continue }
          for path in paths { _ = try? expression.wholeMatch(in: path) }
        }
        isDone.signal()
      }
      guard isDone.wait(timeout: .now() + 5) == .success else {
        throw Failure(
          .model, "a regular expression of the adapter takes too long", at: text,
          notes: ["write it without repetitions of repetitions"])
      }
    }
  }

  /// Those keys, where they say something.
  var patternMembers: [JSONMember] {
    var members: [JSONMember] = []
    if !ranks.isEmpty { members.append(JSONMember("rank_pattern", SettingsType.patterns(.integer()).write(ranks))) }
    if !alphas.isEmpty { members.append(JSONMember("alpha_pattern", SettingsType.patterns(.number()).write(alphas))) }
    if excluded != .names([]) {
      members.append(JSONMember("exclude_modules", SettingsType<Targets>.exclusion.write(excluded)))
    }
    if let blocks {
      members.append(JSONMember("layers_to_transform", JSONValue(blocks.map { JSONValue($0) })))
    }
    if !blockNames.isEmpty {
      members.append(JSONMember("layers_pattern", JSONValue(blockNames.map { JSONValue($0) })))
    }
    if tiesSavedModules { members.append(JSONMember("ensure_weight_tying", true)) }
    return members
  }

  /// Whether a layer that is a target is adapted: unless it is excluded or trained whole, and if its block is one of those.
  func adapts(_ path: String) -> Bool {
    switch excluded {
    case .names(let names): if names.contains(where: { path == $0 || path.hasSuffix("." + $0) }) { return false }
    case .pattern(let pattern): if (try? Regex(name: pattern)?.wholeMatch(in: path)) != nil { return false }
    case .allLinear: return false
    }
    if saves(path) { return false }
    // A whole name stands for itself.
    if case .names(let names) = targets, names.contains(path) { return true }
    guard let blocks else { return true }
    return block(of: path).map(blocks.contains) ?? false
  }

  /// Whether a module, or one that holds it, is trained whole: its name ends in one of `savedModules`, as PEFT takes them.
  package func saves(_ path: String) -> Bool {
    let words = path.split(separator: ".")
    return words.indices.contains { last in saves(only: words[...last].joined(separator: ".")) }
  }

  /// The same of the module alone.
  func saves(only path: String) -> Bool { savedModules.contains(where: path.hasSuffix) }

  /// The number of the block in the name of a layer.
  private func block(of path: String) -> Int? {
    guard !blockNames.isEmpty else {
      let parts = path.split(separator: ".")
      return parts.indices.dropFirst(2).dropLast().lazy.compactMap { Int(parts[$0]) }.first
    }
    for name in blockNames {
      guard let expression = Regex(name: "(?:.*?\\.)?(?:\(name))\\.([0-9]+)\\..*"),
        let match = try? expression.wholeMatch(in: path)
      else { continue }
      return match.output.last?.substring.flatMap { Int($0) }
    }
    return nil
  }
}

extension SettingsType {
  /// An object from patterns to numbers, in their order.
  fileprivate static func patterns<Number>(_ number: SettingsType<Number>) -> Self
  where Value == [LayerPattern<Number>] {
    Self(
      "an object from patterns of names to numbers: each \(number.expectation)", placeholder: [],
      schema: ["type": "object", "additionalProperties": number.schema],
      read: { value in
        if value.isNull { return [] }
        guard let members = value.object else { return nil }
        let found = members.compactMap { member in number.read(member.value).map { LayerPattern(member.key, $0) } }
        return found.count == members.count && found.allSatisfy(\.isValid) ? found : nil
      },
      write: { patterns in JSONValue(patterns.map { JSONMember($0.pattern, number.write($0.value)) }) })
  }
}

extension SettingsType where Value == AdapterConfiguration.Targets {
  fileprivate static var exclusion: Self {
    Self(
      "a regular expression or a list of names", placeholder: .names([]),
      schema: ["anyOf": [["type": "string"], SettingsType<[String]>.list(of: .string).schema]],
      read: { value in
        if value.isNull || value.string == "" { return .names([]) }
        if let word = value.string { return Regex(name: word) != nil ? .pattern(word) : nil }
        guard let names = value.array?.map(\.string), names.allSatisfy({ $0?.isEmpty == false }) else { return nil }
        return .names(names.map { $0! })
      },
      write: { excluded in
        switch excluded {
        case .names(let names): JSONValue(names.map { JSONValue($0) })
        case .pattern(let pattern): JSONValue(pattern)
        case .allLinear: "all-linear"
        }
      })
  }
}

extension SettingsType where Value == [Int]? {
  fileprivate static var blocks: Self {
    Self(
      "a number of a block or a list of them", placeholder: nil,
      schema: [
        "anyOf": [["type": "integer", "minimum": 0], ["type": "array", "items": ["type": "integer", "minimum": 0]]]
      ],
      read: { value in
        if value.isNull || value.array?.isEmpty == true { return .some(nil) }
        let numbers = (value.array ?? [value]).compactMap(\.integral).filter { $0 >= 0 }
        // A bare nil would be a value: all blocks.
        guard numbers.count == value.array?.count ?? 1 else { return Value?.none }
        return .some(numbers)
      }, write: { $0.map { JSONValue($0.map { JSONValue($0) }) } ?? .null })
  }
}

extension SettingsType where Value == [String] {
  fileprivate static var blockNames: Self {
    Self(
      "a pattern or a list of patterns", placeholder: [],
      schema: ["anyOf": [["type": "string"], ["type": "array", "items": ["type": "string"]]]],
      read: { value in
        if value.isNull || value.string == "" { return [] }
        let names = (value.array ?? [value]).map(\.string)
        return names.allSatisfy { $0.map { Regex(name: $0) != nil } ?? false } ? names.map { $0! } : nil
      }, write: { JSONValue($0.map { JSONValue($0) }) })
  }
}
