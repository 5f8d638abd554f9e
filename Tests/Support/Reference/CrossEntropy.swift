extension Twin {
  /// −log softmax(logits)[target] of each row, 0 where the target is negative: logits [..., V], targets [...].
  package static func tokenLosses(targets: IntegerArray) -> Twin {
    Twin(
      value: { inputs in
        let losses = zip(inputs[0].splitRows, targets.values).map { row, target in
          target < 0 ? 0 : logSumExponentials(row) - row[target]
        }
        return ReferenceArray(targets.shape, losses)
      },
      pullback: { inputs, upstream in
        var gradient: [Double] = []
        for (i, row) in inputs[0].splitRows.enumerated() {
          let target = targets.values[i]
          gradient += softmaxOfRow(row).enumerated().map { column, p in
            target < 0 ? 0 : upstream.values[i] * (p - (column == target ? 1 : 0))
          }
        }
        return [ReferenceArray(inputs[0].shape, gradient)]
      })
  }

  /// The sum of the token losses of logits [..., V].
  package static func crossEntropy(targets: IntegerArray) -> Twin {
    .chain(tokenLosses(targets: targets), sum())
  }

  /// The token losses [N] of the logits hidden · weightᵀ: hidden [N, C], weight [V, C], targets [N].
  package static func headTokenLosses(targets: IntegerArray) -> Twin {
    .chain(linear(), tokenLosses(targets: targets))
  }

  /// The sum of `headTokenLosses`.
  package static func headCrossEntropy(targets: IntegerArray) -> Twin {
    .chain(headTokenLosses(targets: targets), sum())
  }
}
