import Files
import Foundation

/// Where the recorded PyTorch values are; `record-pytorch.py` beside this folder writes them.
package let fixtureFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent("Fixtures", isDirectory: true)

/// One operation at one set of inputs, as PyTorch computed it in float64.
package struct OperationCase: Sendable, CustomStringConvertible {
  package let operation: String
  package let label: String
  /// Whether the inputs are so large or small that finite differences say nothing.
  package let isExtreme: Bool
  /// What the operation takes besides arrays: axes, shapes, epsilon.
  package let attributes: JSONValue
  /// Exact in float.
  package let inputs: [ReferenceArray]
  /// Indices, targets, positions, masks by name.
  package let integers: [String: IntegerArray]
  package let output: ReferenceArray
  /// The gradient of the output, exact in float.
  package let upstream: ReferenceArray
  /// The gradient of Σ upstream · output with respect to each input.
  package let gradients: [ReferenceArray]

  package var description: String { "\(operation), \(label)" }

  package static let groups = [
    "attention", "elementwise", "layout", "losses", "matmul", "normalisation", "reductions", "softmax",
  ]

  /// The cases of one group, or of one of its operations.
  package static func load(_ group: String, operation: String? = nil) throws(Failure) -> [OperationCase] {
    let folder = fixtureFolder.appendingPathComponent("operations")
    let tensors = try TensorFile(folder.appendingPathComponent("\(group).safetensors"))
    var cases: [OperationCase] = []
    for record in try recordedCases(group) where operation == nil || record["operation"]?.string == operation {
      cases.append(try OperationCase(record, tensors))
    }
    return cases
  }

  private init(_ record: JSONValue, _ tensors: TensorFile) throws(Failure) {
    operation = record["operation"]?.string ?? ""
    label = record["label"]?.string ?? ""
    isExtreme = record["extreme"]?.bool ?? false
    attributes = record["attributes"] ?? .null
    let prefix = "\(operation)/\(label)"
    var (inputs, gradients): ([ReferenceArray], [ReferenceArray]) = ([], [])
    for i in 0..<(record["inputs"]?.integer ?? 0) {
      inputs.append(try tensors.array("\(prefix)/input.\(i)"))
      gradients.append(try tensors.array("\(prefix)/gradient.\(i)"))
    }
    var integers: [String: IntegerArray] = [:]
    for name in record["integers"]?.array?.compactMap(\.string) ?? [] {
      integers[name] = try tensors.integers("\(prefix)/\(name)")
    }
    (self.inputs, self.gradients, self.integers) = (inputs, gradients, integers)
    output = try tensors.array("\(prefix)/output")
    upstream = try tensors.array("\(prefix)/upstream")
  }
}

/// The "cases" of a group's index.
func recordedCases(_ group: String) throws(Failure) -> [JSONValue] {
  let path = fixtureFolder.appendingPathComponent("operations/\(group).json").path
  let index = try JSONValue.parse(ReadableFile.contents(of: path, area: .data), source: path, area: .data)
  return index["cases"]?.array ?? []
}

/// A parameter's way through some steps of AdamW, as PyTorch computed it in float64.
package struct AdamWCase: Sendable, CustomStringConvertible {
  package let label: String
  package let learningRate: Double
  package let betas: (Double, Double)
  package let epsilon: Double
  package let weightDecay: Double
  package let start: ReferenceArray
  /// [steps, n].
  package let gradients: ReferenceArray
  /// The parameter after each step, [steps, n].
  package let trajectory: ReferenceArray
  package let firstMoment: ReferenceArray
  package let secondMoment: ReferenceArray

  package var description: String { label }

  package static func load() throws(Failure) -> [AdamWCase] {
    let tensors = try TensorFile(fixtureFolder.appendingPathComponent("operations/adamw.safetensors"))
    var cases: [AdamWCase] = []
    for record in try recordedCases("adamw") {
      cases.append(try AdamWCase(record, tensors))
    }
    return cases
  }

  private init(_ record: JSONValue, _ tensors: TensorFile) throws(Failure) {
    label = record["label"]?.string ?? ""
    learningRate = record["learning_rate"]?.double ?? .nan
    let decays = record["betas"]?.array?.compactMap(\.double) ?? []
    betas = decays.count == 2 ? (decays[0], decays[1]) : (.nan, .nan)
    epsilon = record["epsilon"]?.double ?? .nan
    weightDecay = record["weight_decay"]?.double ?? .nan
    start = try tensors.array("\(label)/start")
    gradients = try tensors.array("\(label)/gradients")
    trajectory = try tensors.array("\(label)/trajectory")
    firstMoment = try tensors.array("\(label)/first_moment")
    secondMoment = try tensors.array("\(label)/second_moment")
  }
}
