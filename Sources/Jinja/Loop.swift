/// The `loop` of a `for`.
package final class Loop: @unchecked Sendable {
  // A loop lives inside one rendering, which is the work of one thread.
  let definition: ForLoop
  let items: [Value]
  let depth0: Int
  /// The scope around the loop.
  let scope: Scope
  var index0 = 0
  /// What `loop.changed` was asked last.
  var lastAsked: [Value]?

  init(_ definition: ForLoop, items: [Value], depth0: Int, scope: Scope) {
    self.definition = definition
    self.items = items
    self.depth0 = depth0
    self.scope = scope
  }

  subscript(name: String) -> Value? {
    switch name {
    case "index": .integer(index0 + 1)
    case "index0": .integer(index0)
    case "revindex": .integer(items.count - index0)
    case "revindex0": .integer(items.count - index0 - 1)
    case "first": .bool(index0 == 0)
    case "last": .bool(index0 == items.count - 1)
    case "length": .integer(items.count)
    case "depth": .integer(depth0 + 1)
    case "depth0": .integer(depth0)
    case "previtem": index0 > 0 ? items[index0 - 1] : .undefined("there is no previous item")
    case "nextitem": index0 + 1 < items.count ? items[index0 + 1] : .undefined("there is no next item")
    default: nil
    }
  }
}

/// A macro and the scope that it was written in.
package final class Macro: @unchecked Sendable {
  let definition: MacroDefinition
  let scope: Scope

  init(_ definition: MacroDefinition, scope: Scope) {
    self.definition = definition
    self.scope = scope
  }
}
