import Support
import Testing

/// The twins against PyTorch, and against finite differences at the recorded inputs.
@Suite struct RecordedOperationTests {
  @Test(arguments: OperationCase.groups)
  func twinsAgreeWithPyTorch(_ group: String) throws {
    for sample in try OperationCase.load(group) {
      let value = sample.twin.value(of: sample.inputs)
      let problem = mismatch(value, sample.output, within: closeness)
      #expect(problem == nil, "\(sample)")
      let gradients = sample.twin.gradients(of: sample.inputs, upstream: sample.upstream)
      #expect(gradients.count == sample.gradients.count)
      for (which, (ours, recorded)) in zip(gradients, sample.gradients).enumerated() {
        let problem = mismatch(ours, recorded, within: closeness)
        #expect(problem == nil, "gradient \(which) of \(sample)")
      }
    }
  }

  @Test(arguments: OperationCase.groups)
  func gradientsAreTheDerivative(_ group: String) throws {
    for sample in try OperationCase.load(group) where !sample.isExtreme && sample.inputs.allSatisfy({ $0.count <= 200 })
    {
      let numeric = sample.twin.numericGradients(of: sample.inputs, upstream: sample.upstream)
      for (which, (numeric, recorded)) in zip(numeric, sample.gradients).enumerated() {
        let bounds = recorded.values.map { 1e-7 * max(1, abs($0)) }
        let problem = mismatch(numeric, recorded, within: .bounds(bounds))
        #expect(problem == nil, "gradient \(which) of \(sample)")
      }
    }
  }

  @Test func everyOperationHasSeveralCases() throws {
    var counts: [String: Int] = [:]
    for group in OperationCase.groups {
      for sample in try OperationCase.load(group) { counts[sample.operation, default: 0] += 1 }
    }
    #expect(counts.count == 40)
    #expect(counts.allSatisfy { $0.value >= 3 })
  }

  @Test func adamWAgreesWithPyTorch() throws {
    let cases = try AdamWCase.load()
    #expect(cases.count == 5)
    for sample in cases {
      var optimizer = ReferenceAdamW(
        count: sample.start.count, learningRate: sample.learningRate, betas: sample.betas, epsilon: sample.epsilon,
        weightDecay: sample.weightDecay)
      var parameter = sample.start.values
      var trajectory: [Double] = []
      for gradient in sample.gradients.splitRows {
        optimizer.update(&parameter, gradient: gradient)
        trajectory += parameter
      }
      #expect(mismatch(trajectory, sample.trajectory, within: .elementwise(relative: 1e-12, absolute: 1e-15)) == nil)
      #expect(mismatch(optimizer.first, sample.firstMoment, within: .elementwise(relative: 1e-12)) == nil)
      #expect(mismatch(optimizer.second, sample.secondMoment, within: .elementwise(relative: 1e-12)) == nil)
    }
  }
}

/// PyTorch's own derivatives of the saturating functions, y (1 - y) and 1 - y², are only good to 1e-16 of 1 where they
/// vanish, and so are sums that cancel.
private let closeness = Tolerance.elementwise(relative: 1e-10, absolute: 1e-13)
