import Kernels

/// The gradient of one parameter.
///
/// It takes memory from the first addition until it is cleared, so that the activations of a forward pass have it before.
package final class GradientBuffer {
  private let shape: Shape
  /// The sum so far; nil before the first addition.
  private(set) var tensor: Tensor?

  /// Gradients that were added before it was known whether the loss depends on them.
  fileprivate private(set) var unconfirmed = 0

  init(shape: Shape) { self.shape = shape }

  /// Adds a gradient in the forward pass; the backward pass has to `confirm` it.
  func addInAdvance(_ body: (MutableBuffer, _ accumulates: Bool) -> Void) {
    unconfirmed += 1
    accumulate(body)
  }

  func confirm() { unconfirmed -= 1 }

  /// What was added, or zeros, for a kernel to change.
  fileprivate func filled() -> MutableBuffer {
    if tensor == nil { tensor = Tensor(repeating: 0, shape: shape) }
    return tensor!.mutableBuffer
  }

  /// Forgets what was added, also what a loss that threw has left unconfirmed.
  fileprivate func clear() { (tensor, unconfirmed) = (nil, 0) }

  func accumulate(_ body: (MutableBuffer, _ accumulates: Bool) -> Void) {
    let accumulates = tensor != nil
    if tensor == nil { tensor = Tensor(uninitialized: shape) }
    body(tensor!.mutableBuffer, accumulates)
  }
}

/// The gradients of a set of trained parameters, summed over any number of losses.
public final class Gradients {
  /// The trained ones of the parameters given, in their order.
  public let parameters: [Parameter]
  private let buffers: [GradientBuffer]
  private let indices: [ObjectIdentifier: Int]

  /// Empty gradients for the trained ones of `parameters`; a parameter that is listed twice counts once.
  public init(of parameters: [Parameter]) {
    var indices: [ObjectIdentifier: Int] = [:]
    var unique: [Parameter] = []
    for parameter in parameters where parameter.isTrained && indices[ObjectIdentifier(parameter)] == nil {
      indices[ObjectIdentifier(parameter)] = unique.count
      unique.append(parameter)
    }
    self.indices = indices
    self.parameters = unique
    buffers = unique.map { GradientBuffer(shape: $0.shape) }
  }

  /// The gradient of a parameter; nil if no loss depended on it since the last `clear`.
  public subscript(parameter: Parameter) -> Tensor? {
    indices[ObjectIdentifier(parameter)].flatMap { buffers[$0].tensor }
  }

  /// The gradient of the parameter with this number, for a kernel to change; zeros where no loss depended on it.
  package func mutableBuffer(of index: Int) -> MutableBuffer { buffers[index].filled() }

  /// Forgets the gradient of the parameter with this number.
  package func clear(_ index: Int) { buffers[index].clear() }

  /// Releases all gradients.
  public func clear() {
    for buffer in buffers { buffer.clear() }
  }

  /// Computes `loss`, a scalar, and adds `scale` times its gradients to the sums. Returns the loss, not scaled.
  ///
  /// The backward pass begins with `scale`, which costs nothing. Operations that compute gradients in their forward pass
  /// know it in advance.
  public func add(scaledBy scale: Float = 1, _ loss: () throws -> Tensor) rethrows -> Tensor {
    try add(scaledBy: scale, watch: nil, loss)
  }

  /// The same with somebody who is told how far the backward pass is.
  package func add(
    scaledBy scale: Float, watch: BackwardWatch?, _ loss: () throws -> Tensor
  ) rethrows -> Tensor {
    precondition(parameters.allSatisfy { $0.node == nil }, "gradients of these parameters are already being computed")
    for (parameter, buffer) in zip(parameters, buffers) {
      parameter.node = Node(
        "parameter", inputs: [], outputShapes: [parameter.shape], seed: scale, accumulator: buffer, pullback: nil)
    }
    defer { for parameter in parameters { parameter.node = nil } }
    let result = try loss()
    precondition(result.shape.count == 1, "a loss is a scalar, this one has shape \(result.shape)")
    let pending = watch.map { PendingParameters(parameters.map { $0.node! }, $0) }
    if let node = result.node {
      backpropagate(from: [(node, result.slot, Tensor(repeating: scale, shape: result.shape))], pending)
    }
    precondition(
      buffers.allSatisfy { $0.unconfirmed == 0 },
      "a headCrossEntropy added its gradient but does not reach the loss, or stands in a recomputed block")
    return result.detached()
  }
}

/// The value of `loss`, a scalar, and its gradients with respect to `parameters` (reverse mode).
///
/// Inside `loss` every operation on a trained parameter's `tensor` is recorded; outside of this call nothing is.
public func valueAndGradients(
  of parameters: [Parameter], _ loss: () throws -> Tensor
) rethrows -> (value: Tensor, gradients: Gradients) {
  let gradients = Gradients(of: parameters)
  return (try gradients.add(loss), gradients)
}

/// Visits every node that the seeds depend on, latest first, with the sum of all gradients that reach it; a node's saved
/// values are released as soon as it has been visited.
func backpropagate(
  from seeds: [(node: Node, slot: Int, gradient: Tensor)], _ watched: PendingParameters? = nil
) {
  var order: [Node] = []
  var pending: [Node] = []
  func reach(_ node: Node) {
    guard !node.isReached, node.accumulator == nil else { return }
    node.isReached = true
    pending.append(node)
  }
  for seed in seeds {
    // Several outputs may be one tensor, and an output may be a parameter or an input itself.
    seed.node.add(seed.gradient, slot: seed.slot)
    reach(seed.node)
  }
  while let node = pending.popLast() {
    order.append(node)
    for case let input? in node.inputs { reach(input.node) }
  }
  order.sort { $0.serial < $1.serial }
  watched?.expect(order)
  while let node = order.popLast() {
    node.propagate()
    watched?.pass(node)
  }
}
