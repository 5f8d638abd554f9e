/// Who is told how far a backward pass is: what is complete can be sent away while the rest is computed.
package struct BackwardWatch {
  /// Called with the number of each parameter whose gradient nothing will be added to any more, once.
  let completed: (Int) -> Void
  /// Called after each operation.
  let passed: () -> Void

  package init(completed: @escaping (Int) -> Void, passed: @escaping () -> Void) {
    (self.completed, self.passed) = (completed, passed)
  }
}

/// Counts for each parameter the operations that may still add to its gradient: those that read it, and those for whose
/// recomputed output these wait with their products.
final class PendingParameters {
  private let watch: BackwardWatch
  private let numbers: [ObjectIdentifier: Int]
  private var users: [Int]
  /// The parameters of the operations that may wait for an operation.
  private var waiting: [ObjectIdentifier: [Int]] = [:]

  /// - Parameter nodes: those of the parameters, in the order of their numbers.
  init(_ nodes: [Node], _ watch: BackwardWatch) {
    self.watch = watch
    numbers = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { (ObjectIdentifier($1), $0) })
    users = [Int](repeating: 0, count: nodes.count)
  }

  /// Takes the operations that a backward pass will visit. What none of them uses is complete.
  func expect(_ nodes: [Node]) {
    for node in nodes {
      let own = numbers(of: node)
      if own.isEmpty { continue }
      for number in own { users[number] += 1 }
      for source in Self.awaited(by: node) {
        waiting[ObjectIdentifier(source), default: []] += own
        for number in own { users[number] += 1 }
      }
    }
    for number in users.indices where users[number] == 0 { watch.completed(number) }
  }

  func pass(_ node: Node) {
    for number in numbers(of: node) + (waiting.removeValue(forKey: ObjectIdentifier(node)) ?? []) {
      users[number] -= 1
      if users[number] == 0 { watch.completed(number) }
    }
    watch.passed()
  }

  /// The operations whose recomputed output an operation may wait for; one of them may wait for another.
  private static func awaited(by node: Node) -> [Node] {
    node.inputs.flatMap { input -> [Node] in
      guard let input, input.slot == 0, input.node.hasReaders else { return [] }
      return [input.node] + awaited(by: input.node)
    }
  }

  private func numbers(of node: Node) -> [Int] {
    node.inputs.compactMap { input in input.flatMap { numbers[ObjectIdentifier($0.node)] } }
      + node.hiddenParameters.compactMap { numbers[ObjectIdentifier($0)] }
  }
}
