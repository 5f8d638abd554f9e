import Autograd
import Support
import Testing

/// An operation of the engine on its recorded inputs.
typealias Operation = ([Tensor]) -> Tensor

extension Tensor {
  init(_ array: ReferenceArray) { self.init(array.floats, shape: Shape(array.shape)) }
}

/// The value of an operation and the gradients that reach its inputs.
struct Trial {
  let value: [Float]
  let shape: [Int]
  /// One for each input; zeros where no gradient arrived.
  let gradients: [[Float]]

  /// How the operation is embedded in what is differentiated.
  struct Setting: Sendable, CustomTestStringConvertible {
    /// Whether other operations are between the parameters and the operation.
    var isInside = false
    /// How often the operation is used.
    var uses = 1
    /// How often its gradients are added up.
    var passes = 1
    /// What the backward pass is told to begin with.
    var seed: Float = 1
    /// The only input that is recorded, nil for all.
    var onlyInput: Int?

    var testDescription: String { "inside \(isInside), \(uses) uses, \(passes) passes, seed \(seed)" }
  }

  init(_ operation: Operation, _ inputs: [ReferenceArray], upstream: ReferenceArray, _ setting: Setting = Setting()) {
    let parameters = inputs.map { Parameter(Tensor($0)) }
    let seed = Tensor(upstream)
    let gradients = Gradients(of: parameters)
    var outputs: [Tensor] = []
    for _ in 0..<setting.passes {
      _ = gradients.add(scaledBy: setting.seed) {
        let operands = parameters.enumerated().map { index, parameter in
          if let only = setting.onlyInput, only != index { return parameter.value }
          return setting.isInside ? parameter.tensor.reshaped(to: parameter.shape) : parameter.tensor
        }
        outputs = (0..<setting.uses).map { _ in operation(operands) }
        return probe(outputs, seed)
      }
    }
    precondition(zip(parameters, inputs).allSatisfy { $0.value.elements == $1.floats }, "an input was written to")
    precondition(seed.elements == upstream.floats, "the upstream gradient was written to")
    value = outputs[0].elements
    shape = outputs[0].shape.dimensions
    self.gradients = parameters.map { gradients[$0]?.elements ?? [Float](repeating: 0, count: $0.shape.count) }
  }

  /// Whether both have the same bits.
  func isIdentical(to other: Trial) -> Bool {
    let pairs = zip([value] + gradients, [other.value] + other.gradients)
    return pairs.allSatisfy { zip($0, $1).allSatisfy { $0.bitPattern == $1.bitPattern } }
  }
}

/// A scalar that hands the same upstream gradient to each of several outputs, exactly as it is.
func probe(_ outputs: [Tensor], _ upstream: Tensor) -> Tensor {
  .record("probe", outputs, output: Tensor(0)) { back in
    for input in outputs.indices { back.add(upstream, to: input) }
  }
}

/// What is wrong with the trial's value and gradients, none if they agree with what is expected.
func problems(
  _ trial: Trial, value: ReferenceArray, gradients: [ReferenceArray], factor: Double = 1, isExact: Bool = false,
  slack: Double = 0
) -> [String] {
  var problems: [String] = []
  if trial.shape != value.shape { problems.append("shape \(trial.shape), expected \(value.shape)") }
  let pairs =
    [("value", trial.value, value)]
    + zip(trial.gradients, gradients).enumerated().map { index, pair in
      ("gradient \(index)", pair.0, pair.1.map { $0 * factor })
    }
  for (name, actual, expected) in pairs {
    if let problem = mismatch(actual, expected, within: .bounds(bounds(expected, isExact: isExact).map { $0 + slack }))
    {
      problems.append("\(name): \(problem)")
    }
  }
  return problems
}

/// Float32 rounding in a few operations, and what is below the smallest normal number may be zero.
private func bounds(_ expected: ReferenceArray, isExact: Bool) -> [Double] {
  let largest = expected.values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
  return expected.values.map { isExact ? 6e-8 * abs($0) + 2e-38 : 1e-5 * abs($0) + 2e-6 * largest + 2e-38 }
}
