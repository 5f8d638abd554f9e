import Kernels

/// How the weight of a linear layer is stored.
public enum WeightLayout: Sendable {
  /// [outputs, inputs], as in PyTorch's `Linear`: y = x W^T.
  case outputsByInputs
  /// [inputs, outputs], as in GPT-2's `Conv1D`: y = x W.
  case inputsByOutputs
}

/// y = x W^T + b (or x W + b): the last axis of x [..., inputs] becomes the outputs.
///
/// dx = dy W, dW = dy^T x, db = the sum of dy over all rows.
public func linear(
  _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, layout: WeightLayout = .outputsByInputs
) -> Tensor {
  linear(x, Weight(weight), bias: bias, layout: layout)
}

/// The same with a parameter, which may be of few bits, and in its precision unless another is given.
package func linear(
  _ x: Tensor, _ weight: Parameter, bias: Tensor? = nil, layout: WeightLayout = .outputsByInputs,
  precision: ProductPrecision? = nil
) -> Tensor {
  linear(x, Weight(weight, precision: precision), bias: bias, layout: layout)
}

/// The same with a matrix of few bits, which is frozen: nothing of x is kept for it.
package func linear(
  _ x: Tensor, _ weight: PackedWeight, bias: Tensor? = nil, layout: WeightLayout = .outputsByInputs
) -> Tensor {
  linear(x, Weight(weight), bias: bias, layout: layout)
}

private func linear(_ x: Tensor, _ weight: Weight, bias: Tensor?, layout: WeightLayout) -> Tensor {
  let isTransposed = layout == .outputsByInputs
  let inputs = weight.shape[isTransposed ? 1 : 0]
  let outputs = weight.shape[isTransposed ? 0 : 1]
  let rows = x.shape.rows
  precondition(x.shape.columns == inputs, "linear: x \(x.shape) does not fit weight \(weight.shape)")
  precondition(bias.map { $0.shape == [outputs] } ?? true, "linear: bias \(bias!.shape) does not fit \(weight.shape)")
  var y = Tensor(uninitialized: Shape(x.shape.dimensions.dropLast() + [outputs]))
  // y = x W^T, or x W
  let precision = weight.precision
  matrixProduct(
    y.mutableMatrix, x.matrix, isTransposed ? weight.matrix.transposed : weight.matrix, precision: precision)
  if let bias { addBias(y.mutableBuffer, bias.buffer) }

  // Only the weight's gradient reads x: a frozen weight keeps none.
  let input = weight.isRecorded ? x.saved : nil
  let (weight0, hasBias) = (weight.detached(), bias != nil)
  return .record("linear", [x, weight.tensor, bias], output: y) { back in
    let dy = back.gradient
    back.accumulate(into: 0) { dx, accumulates in
      matrixProduct(
        MutableMatrix(dx, rows: rows, columns: inputs), dy.matrix,
        isTransposed ? weight0.matrix : weight0.matrix.transposed, accumulate: accumulates, precision: precision)
    }
    let later = back
    input?.read { x0 in
      later.accumulate(into: 1) { dw, accumulates in
        // dW = dy^T x, or x^T dy
        let (a, b) = isTransposed ? (dy.matrix, x0.matrix) : (x0.matrix, dy.matrix)
        matrixProduct(
          MutableMatrix(dw, rows: a.columns, columns: b.columns), a.transposed, b, accumulate: accumulates,
          precision: precision)
      }
    }
    guard hasBias else { return }
    back.accumulate(into: 2) { db, accumulates in
      sumRowsInPieces(db, dy.buffer, accumulate: accumulates)
    }
  }
}
