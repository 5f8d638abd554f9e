import Files

/// Keys of a recipe whose place a key on the command line takes: of those that exclude each other, what is typed counts.
extension Recipe {
  /// Keys of which a recipe has one.
  private static let alternatives = [
    ["training.max_steps", "training.epochs", "training.tokens"], ["data.validation", "data.validation_fraction"],
    ["schedule.warmup_steps", "schedule.warmup_ratio"], ["tokenizer.train", "tokenizer.from"],
  ]

  /// Removes them from `document`, to which `overrides` have been applied already, and says which, a line each.
  static func dropReplaced(by overrides: [RecipeOverride], from document: inout JSONValue) -> [String] {
    func given(_ path: String) -> RecipeOverride? {
      overrides.last { $0.value.map { !$0.isNull } ?? false && ($0.path == path || $0.path.hasPrefix("\(path).")) }
    }
    func isTouched(_ path: String) -> Bool { overrides.contains { $0.concerns(path) } }
    var lines: [String] = []
    for keys in alternatives {
      guard let override = keys.lazy.compactMap(given).first else { continue }
      for key in keys where !isTouched(key) && document.removeValue(at: key) {
        lines.append("\(override.path) takes the place of \(key)")
      }
    }
    guard let source = given("model.from"), source.path == "model.from" else { return lines }
    let described = (document["model"]?.object ?? []).map(\.key).filter { $0 != "from" && $0 != "adapter" }
    let left = described.filter { !isTouched("model.\($0)") && document.removeValue(at: "model.\($0)") }
    if !left.isEmpty { lines.append("model.from takes the place of the model that the recipe describes") }
    if !left.isEmpty, document["tokenizer"] != nil, !isTouched("tokenizer") {
      _ = document.removeValue(at: "tokenizer")
      lines.append("tokenizer is left out: the model of model.from brings its own")
    }
    return lines
  }
}

extension JSONValue {
  /// Removes the member at a path of keys joined by dots; false where there is none.
  fileprivate mutating func removeValue(at path: String) -> Bool {
    let keys = path.split(separator: ".", maxSplits: 1).map(String.init)
    guard var inner = self[keys[0]] else { return false }
    if keys.count == 1 {
      self[keys[0]] = JSONValue?.none
      return !inner.isNull
    }
    let hasRemoved = inner.removeValue(at: keys[1])
    self[keys[0]] = inner
    return hasRemoved
  }
}
