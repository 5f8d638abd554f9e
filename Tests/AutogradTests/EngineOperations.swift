import Autograd
import Kernels
import Support

extension OperationCase {
  /// The engine's form of the recorded operation.
  var engine: Operation {
    elementwise ?? reduction ?? layout ?? network
      ?? { preconditionFailure("the engine has no operation \"\(operation)\"") }()
  }

  private var elementwise: Operation? {
    let exponent = Float(attributes["exponent"]?.double ?? 0)
    return switch operation {
    case "add": { $0[0] + $0[1] }
    case "subtract": { $0[0] - $0[1] }
    case "multiply": { $0[0] * $0[1] }
    case "divide": { $0[0] / $0[1] }
    case "negate": { -$0[0] }
    case "exp": { exp($0[0]) }
    case "log": { log($0[0]) }
    case "sqrt": { sqrt($0[0]) }
    case "square": { square($0[0]) }
    case "pow": { pow($0[0], exponent) }
    case "tanh": { tanh($0[0]) }
    case "sigmoid": { sigmoid($0[0]) }
    case "log_sigmoid": { logSigmoid($0[0]) }
    case "relu": { relu($0[0]) }
    case "silu": { silu($0[0]) }
    case "gelu": { gelu($0[0]) }
    case "swiglu": { swiGLU(concatenate($0, axis: -1)) }
    default: nil
    }
  }

  private var reduction: Operation? {
    let keeps = attributes["keeps_dimensions"]?.bool ?? false
    let axes = list("axes").isEmpty ? nil : list("axes")
    return switch operation {
    case "sum": { $0[0].sum(over: axes, keepingDimensions: keeps) }
    case "mean": { $0[0].mean(over: axes, keepingDimensions: keeps) }
    case "max": { $0[0].max(over: axes, keepingDimensions: keeps) }
    case "logsumexp":
      { inputs in
        let y = logSumExp(inputs[0])
        return keeps ? y.reshaped(to: Shape(y.shape.dimensions + [1])) : y
      }
    case "softmax": { softmax($0[0]) }
    case "log_softmax": { logSoftmax($0[0]) }
    default: nil
    }
  }

  private var layout: Operation? {
    let sample = self
    return switch operation {
    case "reshape": { $0[0].reshaped(to: Shape(sample.list("shape"))) }
    case "permute": { $0[0].permuted(sample.list("order")) }
    case "slice": { $0[0].slice(sample.integer("start")..<sample.integer("end"), axis: sample.integer("axis")) }
    case "concatenate": { concatenate($0, axis: sample.integer("axis")) }
    case "gather_rows":
      { embedding($0[0], sample.integers("indices").int32s, shape: Shape(sample.integers("indices").shape)) }
    case "take_along_last_axis": { $0[0].gathered(sample.integers("indices").int32s) }
    case "where":
      { inputs in
        let condition = sample.integers("condition")
        return select(
          where: Tensor(condition.values.map(Float.init), shape: Shape(condition.shape)), inputs[0], inputs[1])
      }
    default: nil
    }
  }

  private var network: Operation? {
    let sample = self
    let targets = integers["targets"]?.int32s ?? []
    return switch operation {
    case "matmul":
      { matmul($0[0], $0[1], transposeA: sample.flag("transpose_a"), transposeB: sample.flag("transpose_b")) }
    case "linear":
      { inputs in
        linear(
          inputs[0], inputs[1], bias: inputs.count == 3 ? inputs[2] : nil,
          layout: sample.flag("input_major") ? .inputsByOutputs : .outputsByInputs)
      }
    case "rms_norm": { rmsNorm($0[0], $0[1], epsilon: Float(sample.epsilon)) }
    case "layer_norm": { layerNorm($0[0], $0[1], $0[2], epsilon: Float(sample.epsilon)) }
    case "rope":
      { inputs in
        let positions = sample.integers("positions").int32s
        let table = RotaryTable(frequencies: sample.frequencies, positions: Int(positions.max()!) + 1)
        return rotaryEmbedding(inputs[0], positions: positions, table: table)
      }
    case "attention": { attention($0, sample.integers("document_starts").int32s) }
    case "token_losses": { tokenLosses($0[0], targets) }
    case "cross_entropy": { tokenLosses($0[0], targets).sum() }
    case "head_token_losses": { -headLogProbabilities($0[0], $0[1], targets: targets) }
    case "head_cross_entropy": { headCrossEntropy($0[0], $0[1], targets: targets) }
    default: nil
    }
  }
}

/// Causal attention inside documents of separate queries, keys and values [B, T, H, D].
func attention(
  _ parts: [Tensor], _ documentStarts: [Int32], positions: [Int32]? = nil, gap: VisibleKeys.Gap? = nil,
  rotary: RotaryTable? = nil
) -> Tensor {
  let (rows, length) = (parts[0].shape[0], parts[0].shape[1])
  let layout = SequenceLayout(
    rows: rows, columns: length, positions: positions ?? [Int32](repeating: 0, count: rows * length),
    documentStarts: documentStarts, gap: gap)
  return attention(parts, layout, rotary: rotary)
}

/// Attention of separate queries, keys and values [B, T, H, D]; keys and queries are rotated if there is a table.
func attention(_ parts: [Tensor], _ layout: SequenceLayout, rotary: RotaryTable?) -> Tensor {
  let flat = parts.map { $0.reshaped(to: [layout.rows, layout.columns, $0.shape[2] * $0.shape[3]]) }
  let y = selfAttention(
    concatenate(flat, axis: 2), heads: parts[0].shape[2], keyHeads: parts[1].shape[2], layout: layout, rotary: rotary)
  return y.reshaped(to: parts[0].shape)
}

/// -ln softmax(logits)[target], 0 where the target is negative, from elementary operations.
private func tokenLosses(_ logits: Tensor, _ targets: [Int32]) -> Tensor {
  let shape = Shape(logits.shape.dimensions.dropLast())
  let losses = -logSoftmax(logits).gathered(targets.map { max(0, $0) }).reshaped(to: shape)
  return select(where: targets.map { $0 >= 0 }, losses, Tensor(repeating: 0, shape: shape))
}
