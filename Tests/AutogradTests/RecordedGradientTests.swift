import Autograd
import Support
import Testing

private let exactOperations: Set<String> = [
  "reshape", "permute", "slice", "concatenate", "where", "negate", "add", "subtract", "max", "relu",
]

/// Where the gradient cancels but for rounding: probabilities that are almost 1, and norms of one number.
private func slack(_ sample: OperationCase) -> Double {
  switch (sample.operation, sample.label) {
  case ("attention", "extreme"): 1e-5
  case ("rms_norm", "one"), ("layer_norm", "one"): 1e-6
  default: 0
  }
}

/// The operations against the values and gradients that PyTorch computed in float64.
@Suite struct RecordedGradientTests {
  private static let settings = [
    Trial.Setting(), Trial.Setting(isInside: true), Trial.Setting(uses: 2), Trial.Setting(isInside: true, uses: 2),
    Trial.Setting(passes: 2),
  ]

  @Test(arguments: OperationCase.groups, settings)
  func agreeWithPyTorch(_ group: String, _ setting: Trial.Setting) throws {
    for sample in try OperationCase.load(group) {
      // The sum over what was broadcast is rounded even where the operation is exact.
      let isExact =
        exactOperations.contains(sample.operation) && sample.inputs.allSatisfy { $0.shape == sample.output.shape }
      let trial = Trial(sample.engine, sample.inputs, upstream: sample.upstream, setting)
      let found = problems(
        trial, value: sample.output, gradients: sample.gradients, factor: Double(setting.uses * setting.passes),
        isExact: isExact && setting.uses * setting.passes == 1, slack: slack(sample))
      #expect(found.isEmpty, "\(sample), \(setting)")
    }
  }

  @Test(arguments: OperationCase.groups) func giveTheSameBitsTwice(_ group: String) throws {
    for sample in try OperationCase.load(group) {
      let first = Trial(sample.engine, sample.inputs, upstream: sample.upstream)
      let isSame = first.isIdentical(to: Trial(sample.engine, sample.inputs, upstream: sample.upstream))
      #expect(isSame, "\(sample)")
    }
  }

  @Test(arguments: OperationCase.groups) func eachInputMayBeTheOnlyOne(_ group: String) throws {
    for sample in try OperationCase.load(group) where sample.inputs.count > 1 {
      for only in sample.inputs.indices {
        for isInside in [false, true] {
          let trial = Trial(
            sample.engine, sample.inputs, upstream: sample.upstream, Trial.Setting(isInside: isInside, onlyInput: only))
          let expected = sample.gradients.enumerated().map { $0 == only ? $1 : .zeros($1.shape) }
          #expect(
            problems(trial, value: sample.output, gradients: expected, slack: slack(sample)).isEmpty,
            "\(sample), input \(only), \(isInside)")
        }
      }
    }
  }

  @Test func oneTensorMayBeBothInputs() throws {
    for operation in ["add", "subtract", "multiply", "divide", "matmul"] {
      let group = operation == "matmul" ? "matmul" : "elementwise"
      for sample in try OperationCase.load(group, operation: operation) where !sample.isExtreme {
        let x = sample.inputs[1]
        guard operation != "matmul" || (x.rank >= 2 && x.shape[x.rank - 1] == x.shape[x.rank - 2]) else { continue }
        var generator = SeededGenerator(seed: 1)
        let value = sample.twin.value(x, x)
        let upstream = generator.normals(value.shape)
        let parts = sample.twin.gradients(of: [x, x], upstream: upstream)
        let trial = Trial({ [engine = sample.engine] in engine([$0[0], $0[0]]) }, [x], upstream: upstream)
        let expected = Twin.add.value(parts[0], parts[1])
        #expect(problems(trial, value: value, gradients: [expected]).isEmpty, "\(sample)")
      }
    }
  }

  @Test func nothingIsRecordedOutside() throws {
    for group in OperationCase.groups {
      for sample in try OperationCase.load(group) {
        let y = sample.engine(sample.inputs.map { Tensor($0) })
        #expect(!y.isRecorded, "\(sample)")
      }
    }
  }
}
