import Autograd

/// What turns hidden states [..., C] into logits [..., V] over the vocabulary: y = x W^T, and what an adapter adds to it.
public struct Head {
  /// The layer, which knows its adapter.
  let layer: Linear

  init(_ layer: Linear) { self.layer = layer }

  /// A head without an adapter, whatever other heads of the same matrix have.
  init(_ weight: Parameter) { layer = Linear(sharing: weight) }

  /// W [V, C]; the embedding where the two are tied.
  public var weight: Parameter { layer.weight }

  /// The logits of all tokens, in memory at once.
  func logits(_ x: Tensor) -> Tensor { layer(x) }

  /// The sum of -ln softmax(logits)[target] over the tokens with a target >= 0, and the single losses; see `headCrossEntropy`.
  package func crossEntropy(_ x: Tensor, targets: [Int32], inspect: ((TokenLosses) -> Void)? = nil) -> Tensor {
    let (x, weight) = operands(x)
    return headCrossEntropy(x, weight, targets: targets, inspect: inspect)
  }

  /// ln softmax(logits)[target] of each token, 0 where the target is -1; see `headLogProbabilities`.
  package func logProbabilities(_ x: Tensor, targets: [Int32]) -> Tensor {
    let (x, weight) = operands(x)
    return headLogProbabilities(x, weight, targets: targets)
  }

  /// The same of the tokens with a target alone, without gradients, and whether the target is the likeliest; see `headScores`.
  package func scores(
    _ x: Tensor, targets: [Int32]
  ) -> (logProbabilities: [Float], isLikeliest: [Bool]) {
    let (x, weight) = operands(x)
    return headScores(x, weight, targets: targets)
  }

  /// Whether it has an adapter.
  package var isAdapted: Bool { layer.slot.adapter != nil }

  /// A product with the same logits: the losses never have all of them in memory.
  private func operands(_ x: Tensor) -> (x: Tensor, weight: Weight) {
    guard let adapter = layer.slot.adapter, adapter.state.isOn else { return (x, Weight(layer.weight)) }
    return adapter.asOneProduct(x, layer)
  }
}

extension LanguageModel {
  /// The matrix of the head under the head's name, where it is the embedding, too.
  package var tiedHead: NamedParameter? {
    guard tables.contains(where: { $0 === head.weight }) else { return nil }
    return NamedParameter(name: headName("weight"), parameter: head.weight, rows: 0..<head.weight.shape[0])
  }

  private func headName(_ parts: String...) -> String {
    (linears.first { $0.layer.weight === head.weight }!.path + parts).joined(separator: ".")
  }

  /// What PEFT's files may repeat: a trained embedding as the head that it is, and the matrix beside the updates of a head that is
  /// adapted. Their shape is the head's; values are computed when they are asked for.
  package var headCopies: [(name: String, value: () -> Tensor)] {
    if let tied = tiedHead, tied.parameter.isTrained { return [(tied.name, { tied.value })] }
    guard let adapter = head.layer.slot.adapter else { return [] }
    let weight = head.weight
    return [
      (
        headName("base_layer", "weight"),
        {
          adapter.origins.reduce(weight.value(ofRows: 0..<weight.shape[0])) { rest, origin in
            let part = linear(origin.updates[0].up.value, origin.down.value, layout: .inputsByOutputs)
            return rest - part.scaled(by: origin.scale)
          }
        }
      )
    ]
  }

  /// Whether an update of the head alone would be one of the embedding, too, if it were merged.
  package var cannotMerge: Bool { head.isAdapted && tiedHead != nil }
}
