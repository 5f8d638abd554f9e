import Files

extension OperationCase {
  /// The twin of the recorded operation.
  package var twin: Twin {
    elementwiseTwin ?? rowwiseTwin ?? layoutTwin ?? networkTwin
      ?? { preconditionFailure("no twin of the operation \"\(operation)\"") }()
  }

  private var elementwiseTwin: Twin? {
    switch operation {
    case "add": .add
    case "subtract": .subtract
    case "multiply": .multiply
    case "divide": .divide
    case "swiglu": .swiglu
    case "negate": .negate
    case "exp": .exponential
    case "log": .logarithm
    case "sqrt": .squareRoot
    case "square": .square
    case "pow": .power(attributes["exponent"]?.double ?? .nan)
    case "tanh": .tanh
    case "sigmoid": .sigmoid
    case "log_sigmoid": .logSigmoid
    case "relu": .relu
    case "silu": .silu
    case "gelu": .gelu
    default: nil
    }
  }

  private var rowwiseTwin: Twin? {
    let keeps = attributes["keeps_dimensions"]?.bool ?? false
    return switch operation {
    case "sum": .sum(axes: list("axes"), keepsDimensions: keeps)
    case "mean": .mean(axes: list("axes"), keepsDimensions: keeps)
    case "max": .maximum(axes: list("axes"), keepsDimensions: keeps)
    case "logsumexp": .logSumExp(axes: list("axes"), keepsDimensions: keeps)
    case "softmax": .softmax
    case "log_softmax": .logSoftmax
    default: nil
    }
  }

  private var layoutTwin: Twin? {
    switch operation {
    case "reshape": .reshape(list("shape"))
    case "permute": .permute(list("order"))
    case "slice": .slice(axis: integer("axis"), integer("start")..<integer("end"))
    case "concatenate": .concatenate(axis: integer("axis"))
    case "gather_rows": .gatherRows(integers("indices"))
    case "take_along_last_axis": .takeAlongLastAxis(integers("indices"))
    case "where": .choose(where: integers("condition"))
    default: nil
    }
  }

  private var networkTwin: Twin? {
    switch operation {
    case "matmul": .matmul(transposeA: flag("transpose_a"), transposeB: flag("transpose_b"))
    case "linear": .linear(inputMajor: flag("input_major"))
    case "rms_norm": .rmsNorm(epsilon: epsilon)
    case "layer_norm": .layerNorm(epsilon: epsilon)
    case "rope": .rotary(positions: integers("positions"), frequencies: frequencies)
    case "attention": .attention(documentStarts: integers("document_starts"))
    case "token_losses": .tokenLosses(targets: integers("targets"))
    case "cross_entropy": .crossEntropy(targets: integers("targets"))
    case "head_token_losses": .headTokenLosses(targets: integers("targets"))
    case "head_cross_entropy": .headCrossEntropy(targets: integers("targets"))
    default: nil
    }
  }

  /// The ε of a norm.
  package var epsilon: Double { attributes["epsilon"]?.double ?? .nan }
  /// The frequencies of a rotary embedding.
  package var frequencies: [Double] { attributes["frequencies"]?.array?.compactMap(\.double) ?? [] }

  package func list(_ attribute: String) -> [Int] {
    attributes[attribute]?.array?.compactMap(\.integer) ?? []
  }

  package func flag(_ attribute: String) -> Bool {
    attributes[attribute]?.bool ?? false
  }

  package func integer(_ attribute: String) -> Int {
    guard let value = attributes[attribute]?.integer else {
      preconditionFailure("\(self) has no integer attribute \"\(attribute)\"")
    }
    return value
  }

  package func integers(_ name: String) -> IntegerArray {
    guard let values = integers[name] else { preconditionFailure("\(self) has no integers \"\(name)\"") }
    return values
  }
}
