/// Activation recomputation (Chen et al. 2016): the results of `block(inputs)`, without keeping what the block's
/// operations saved; the backward pass runs the block again. Costs one more forward pass and saves its activations.
///
/// Gradients flow to `inputs` and to parameters: the block must use no other recorded tensor. It must not hold a
/// `headCrossEntropy`, which adds to its gradients when it runs.
public func recomputed(_ inputs: [Tensor], _ block: @escaping ([Tensor]) -> [Tensor]) -> [Tensor] {
  // The graph of this first run ends with this scope, and with it every activation but the inputs.
  let results = block(inputs)
  guard let seed = results.lazy.compactMap(\.node).first?.seed else { return results }
  let saved = inputs.map { $0.detached() }
  let node = Node(
    "recomputed", inputs: inputs.map { input in input.node.map { ($0, input.slot) } },
    outputShapes: results.map(\.shape), seed: seed
  ) { back in
    let buffers = saved.map { GradientBuffer(shape: $0.shape) }
    let leaves = zip(saved, buffers).enumerated().map { index, pair in
      let (input, buffer) = pair
      guard back.isWanted(index) else { return input }
      let leaf = Node("input", inputs: [], outputShapes: [input.shape], seed: seed, accumulator: buffer, pullback: nil)
      return Tensor(storage: input.storage, offset: input.offset, shape: input.shape, node: leaf)
    }
    let seeds = block(leaves).enumerated().compactMap { slot, output -> (Node, Int, Tensor)? in
      guard let node = output.node, let gradient = back.takeGradient(slot) else { return nil }
      return (node, output.slot, gradient)
    }
    backpropagate(from: seeds)
    for case (let index, let gradient?) in buffers.map(\.tensor).enumerated() { back.add(gradient, to: index) }
  }
  node.hiddenParameters = parameterNodes(of: results, from: inputs)
  return results.enumerated().map { slot, result in
    guard result.isRecorded else { return result }
    return Tensor(storage: result.storage, offset: result.offset, shape: result.shape, node: node, slot: slot)
  }
}

/// The parameters that the graph between `inputs` and `results` reads.
private func parameterNodes(of results: [Tensor], from inputs: [Tensor]) -> [Node] {
  var seen = Set(inputs.compactMap { $0.node.map(ObjectIdentifier.init) })
  var pending = results.compactMap(\.node)
  var found: [Node] = []
  while let node = pending.popLast() {
    guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
    if node.accumulator != nil { found.append(node) }
    found += node.hiddenParameters
    pending += node.inputs.compactMap { $0?.node }
  }
  return found
}
