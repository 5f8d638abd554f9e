/// The variables of a part of a template, and those around it.
final class Scope: @unchecked Sendable {
  // A scope lives inside one rendering, which is the work of one thread.
  private let parent: Scope?
  private var variables: [(name: Int, value: Value)] = []

  init(in parent: Scope? = nil) { self.parent = parent }

  subscript(name: Name) -> Value? {
    var scope = self
    while true {
      for variable in scope.variables where variable.name == name.number { return variable.value }
      guard let parent = scope.parent else { return nil }
      scope = parent
    }
  }

  /// Sets a variable of this scope.
  func set(_ name: Name, _ value: Value) {
    for index in variables.indices where variables[index].name == name.number {
      variables[index].value = value
      return
    }
    variables.append((name.number, value))
  }

  func removeAll() { variables = [] }
}
