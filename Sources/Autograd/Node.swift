import Kernels
import Synchronization

/// How a recorded tensor was made: its inputs and the function that takes the gradient of the outputs to the inputs.
package final class Node {
  private static let counter = Atomic<Int>(0)

  /// Nodes are numbered as they are made, so an input's number is always smaller than its user's.
  let serial: Int
  /// The operation's name, for messages.
  let name: StaticString
  fileprivate(set) var inputs: [Input]
  let outputShapes: [Shape]
  var gradients: [Tensor?]
  private var pullback: ((inout Backpropagation) -> Void)?
  /// The gradient that the backward pass begins with at the loss.
  let seed: Float
  /// Where the gradient of a parameter is kept; nil for operations.
  let accumulator: GradientBuffer?
  var isReached = false
  /// Whether operations that read its first output may wait for its pullback with a part of their own.
  fileprivate(set) var hasReaders = false
  /// The parameters that the pullback adds gradients to although they are no inputs: those of a block that it runs again.
  var hiddenParameters: [Node] = []

  /// The output of a node that an operation read; nil where no gradient is wanted.
  typealias Input = (node: Node, slot: Int)?

  init(
    _ name: StaticString, inputs: [Input], outputShapes: [Shape], seed: Float, accumulator: GradientBuffer? = nil,
    pullback: ((inout Backpropagation) -> Void)?
  ) {
    serial = Self.counter.add(1, ordering: .relaxed).newValue
    self.name = name
    self.inputs = inputs
    self.outputShapes = outputShapes
    self.seed = seed
    self.accumulator = accumulator
    self.pullback = pullback
    gradients = Array(repeating: nil, count: outputShapes.count)
  }

  /// Takes the gradients of the outputs to the inputs, if any has arrived, and lets go of everything the operation had
  /// saved.
  func propagate() {
    if gradients.contains(where: { $0 != nil }) {
      var backpropagation = Backpropagation(node: self)
      pullback?(&backpropagation)
    }
    pullback = nil
    gradients = []
  }

  /// Adds to the gradient of an output.
  func add(_ gradient: Tensor, slot: Int) {
    if accumulator == nil, gradients[slot] == nil {
      gradients[slot] = gradient
      return
    }
    accumulate(slot: slot) { destination, accumulates in
      if accumulates {
        Kernels.accumulate(destination, gradient.buffer)
      } else {
        copy(destination, gradient.buffer)
      }
    }
  }

  /// Lets `body` write the gradient of an output in place, adding to what is there if the flag is set.
  fileprivate func accumulate(slot: Int, _ body: (MutableBuffer, _ accumulates: Bool) -> Void) {
    if let accumulator { return accumulator.accumulate(body) }
    var gradient = gradients[slot]
    gradients[slot] = nil
    let accumulates = gradient != nil
    if gradient == nil { gradient = Tensor(uninitialized: outputShapes[slot]) }
    body(gradient!.mutableBuffer, accumulates)
    gradients[slot] = gradient
  }

  /// A long chain of nodes must not be released by recursion: it would overflow the stack.
  deinit {
    var pending = inputs.compactMap { $0?.node }
    inputs = []
    while var node = pending.popLast() {
      guard isKnownUniquelyReferenced(&node) else { continue }
      pending += node.inputs.compactMap { $0?.node }
      node.inputs = []
    }
  }
}

/// What a pullback sees: the gradients of the operation's outputs, and a place for the gradients of its inputs.
package struct Backpropagation {
  fileprivate let node: Node

  /// The gradient of an output; nil if nothing depends on it.
  package func gradient(_ output: Int) -> Tensor? { node.gradients[output] }

  /// Takes the gradient of an output out of the node, so that its storage may be written if nobody else holds it.
  package func takeGradient(_ output: Int) -> Tensor? {
    defer { node.gradients[output] = nil }
    return node.gradients[output]
  }

  /// The gradient of the only output.
  package var gradient: Tensor { node.gradients[0]! }

  /// Whether anybody wants the gradient of an input.
  package func isWanted(_ input: Int) -> Bool { node.inputs[input] != nil }

  /// Adds to the gradient of an input. A gradient of the shape that the input was broadcast to is summed back here.
  package func add(_ gradient: @autoclosure () -> Tensor, to input: Int) {
    guard let target = node.inputs[input] else { return }
    let shape = target.node.outputShapes[target.slot]
    let gradient = gradient()
    target.node.add(gradient.shape == shape ? gradient : gradient.summed(to: shape), slot: target.slot)
  }

  /// Lets `body` write the gradient of an input in place: it adds to the destination if the flag is set and else
  /// overwrites it. Nothing happens if nobody wants that gradient.
  package func accumulate(into input: Int, _ body: (MutableBuffer, _ accumulates: Bool) -> Void) {
    guard let target = node.inputs[input] else { return }
    target.node.accumulate(slot: target.slot, body)
  }
}

extension Tensor {
  /// The output of an operation: remembers `inputs` and `pullback` if a gradient flows through any input; nil is an input that is
  /// no tensor.
  ///
  /// The pullback must not capture a recorded tensor: what it needs of the inputs is captured `detached`. With `readers`, it
  /// recomputes the output and passes it to them: operations that read the output in their own pullbacks do not keep it.
  package static func record(
    _ name: StaticString, _ inputs: [Tensor?], output: Tensor, readers: PendingReaders? = nil,
    pullback: @escaping (inout Backpropagation) -> Void
  ) -> Tensor {
    record(name, inputs, outputs: [output], readers: readers, pullback: pullback)[0]
  }

  /// The outputs of an operation that has several; `readers` are of the first.
  package static func record(
    _ name: StaticString, _ inputs: [Tensor?], outputs: [Tensor], readers: PendingReaders? = nil,
    pullback: @escaping (inout Backpropagation) -> Void
  ) -> [Tensor] {
    FiniteCheck.inspect(name, outputs)
    guard let seed = inputs.lazy.compactMap({ $0?.node }).first?.seed else { return outputs }
    let node = Node(
      name, inputs: inputs.map { input in input?.node.map { ($0, input!.slot) } }, outputShapes: outputs.map(\.shape),
      seed: seed, pullback: pullback)
    node.hasReaders = readers != nil
    var results = outputs.enumerated().map { slot, output in
      Tensor(storage: output.storage, offset: output.offset, shape: output.shape, node: node, slot: slot)
    }
    results[0].readers = readers
    return results
  }
}
