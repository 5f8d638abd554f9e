import Kernels

/// The outputs of a linear layer that one low-rank update changes.
package struct LowRankSection {
  /// Which of the outputs they are.
  package let outputs: Range<Int>
  /// B [outputs, r].
  package let up: Tensor

  /// The outputs that `up` writes.
  package init(_ outputs: Range<Int>, up: Tensor) {
    self.outputs = outputs
    self.up = up
  }
}

/// y + s (x A^T) B^T, the low-rank update of a linear layer's output y [..., outputs] (Hu et al. 2021, "LoRA", section 4.1).
///
/// `down` [n r, inputs] stacks the A of the n sections, so that one product serves all of them. Elements of y that nobody else
/// holds are overwritten. With u = s x A^T: dB = dy^T u, du = s dy B, dx = du A, dA = du^T x.
package func addingLowRank(
  to y: consuming Tensor, of x: Tensor, down: Tensor, _ sections: [LowRankSection], scale: Float,
  precision: ProductPrecision = .float32
) -> Tensor {
  let (rows, outputs, inputs, ranks) = (x.shape.rows, y.shape.columns, x.shape.columns, down.shape[0])
  precondition(down.shape == [ranks, inputs], "low rank: A \(down.shape) does not fit x \(x.shape)")
  precondition(y.shape.rows == rows, "low rank: y \(y.shape) is not of x \(x.shape)")
  let rank = ranks / max(1, sections.count)
  for section in sections {
    precondition(
      section.up.shape == [section.outputs.count, rank] && section.outputs.upperBound <= outputs,
      "low rank: B \(section.up.shape) does not fit outputs \(section.outputs) of \(y.shape) and A \(down.shape)")
  }
  // A copy of y would not remember how y was made.
  let (node, slot) = (y.node, y.slot)
  var u = Tensor(uninitialized: [rows, ranks])
  matrixProduct(u.mutableMatrix, x.matrix, down.matrix.transposed, precision: precision)
  Kernels.scale(u.mutableBuffer, by: scale)
  for (index, section) in sections.enumerated() {
    // y += u B^T
    matrixProduct(
      y.mutableMatrix.columns(section.outputs), u.matrix.columns(index * rank..<(index + 1) * rank),
      section.up.matrix.transposed, accumulate: true, precision: precision)
  }

  let input = down.isRecorded ? x.saved : nil
  let (u0, down0, ups) = (u, down.detached(), sections.map { $0.up.detached() })
  let columns = sections.map(\.outputs)
  let output = y.detached()
  let base = Tensor(storage: output.storage, offset: output.offset, shape: output.shape, node: node, slot: slot)
  return .record("lowRank", [base, x, down] + sections.map(\.up), output: output) { back in
    let dy = back.gradient
    var du = Tensor(uninitialized: [rows, ranks])
    for (index, up) in ups.enumerated() {
      let (dySection, part) = (dy.matrix.columns(columns[index]), index * rank..<(index + 1) * rank)
      // du = s dy B
      matrixProduct(du.mutableMatrix.columns(part), dySection, up.matrix, precision: precision)
      back.accumulate(into: 3 + index) { db, accumulates in
        // dB = dy^T u
        matrixProduct(
          MutableMatrix(db, rows: up.shape[0], columns: rank), dySection.transposed, u0.matrix.columns(part),
          accumulate: accumulates, precision: precision)
      }
    }
    Kernels.scale(du.mutableBuffer, by: scale)
    let gradient = du
    back.accumulate(into: 1) { dx, accumulates in
      matrixProduct(
        MutableMatrix(dx, rows: rows, columns: inputs), gradient.matrix, down0.matrix, accumulate: accumulates,
        precision: precision)
    }
    let later = back
    input?.read { x0 in
      later.accumulate(into: 2) { da, accumulates in
        // dA = du^T x
        matrixProduct(
          MutableMatrix(da, rows: ranks, columns: inputs), gradient.matrix.transposed, x0.matrix,
          accumulate: accumulates, precision: precision)
      }
    }
    back.add(dy, to: 0)
  }
}
