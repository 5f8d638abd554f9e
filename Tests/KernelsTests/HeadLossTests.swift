import Kernels
import Support
import Testing

/// A head's product and losses over a vocabulary.
struct HeadLossCase {
  let rows, columns, vocabulary: Int
  let x, weight, coefficients: ReferenceArray
  let targets: IntegerArray

  init(_ rows: Int, _ columns: Int, _ vocabulary: Int, seed: UInt64 = 1, deviation: Double = 1) {
    self.rows = rows
    self.columns = columns
    self.vocabulary = vocabulary
    var generator = SeededGenerator(seed: seed)
    x = generator.normals([rows, columns])
    weight = generator.normals([vocabulary, columns], deviation: deviation)
    coefficients = generator.uniforms([rows], in: 0.01..<0.1)
    targets = IntegerArray([rows], generator.integers(rows, in: 0..<vocabulary))
  }

  struct Result: Equatable {
    var losses, isCorrect, dx, dw: [Float]
  }

  func run(start: [Float]? = nil) -> Result {
    let (losses, isCorrect) = (Storage(repeating: .nan, count: rows), Storage(repeating: .nan, count: rows))
    let dx = Storage(repeating: .nan, count: x.count)
    let dw = Storage(start ?? [Float](repeating: .nan, count: weight.count))
    headLoss(
      losses.mutableBuffer, isCorrect: isCorrect.mutableBuffer, x.matrix, .floats(weight.matrix),
      targets: targets.int32s,
      gradient: HeadLossGradient(
        coefficients: coefficients.buffer, dx: dx.mutableBuffer, dw: dw.mutableBuffer, accumulatesWeight: start != nil))
    return Result(losses: losses.elements, isCorrect: isCorrect.elements, dx: dx.elements, dw: dw.elements)
  }
}

@Suite struct HeadLossTests {
  // The last one takes more than one chunk of the logits.
  @Test(arguments: [(1, 1, 1), (3, 5, 7), (2, 16, 17), (60, 33, 1000), (1100, 4, 30)])
  func agreesWithTheTwin(_ rows: Int, _ columns: Int, _ vocabulary: Int) {
    let sample = HeadLossCase(rows, columns, vocabulary)
    let twin = Twin.headTokenLosses(targets: sample.targets)
    let close = Tolerance.scaled(relative: 1e-5, scaled: 1e-6)
    let result = sample.run()
    let logits = Twin.linear().value(sample.x, sample.weight)
    let losses = Twin.tokenLosses(targets: sample.targets)
    #expect(mismatch(result.losses, losses.value(logits), within: close) == nil)
    for (row, logits) in logits.splitRows.enumerated() {
      #expect(result.isCorrect[row] == (logits[sample.targets.values[row]] == logits.max()! ? 1 : 0))
    }
    let gradients = twin.gradients(of: [sample.x, sample.weight], upstream: sample.coefficients)
    #expect(mismatch(result.dx, gradients[0], within: close) == nil)
    #expect(mismatch(result.dw, gradients[1], within: close) == nil)

    let start = [Float](repeating: 0.25, count: sample.weight.count)
    #expect(mismatch(sample.run(start: start).dw, gradients[1].map { $0 + 0.25 }, within: close) == nil)
  }

  /// Equal logits are no hit: a model that knows nothing has an accuracy of 0. Two tokens of 40 are alike at either end and in the
  /// middle of a vector.
  @Test(arguments: [(0, 39), (7, 21), (16, 17)]) func tiesAreNoHits(_ first: Int, _ second: Int) {
    var weight = [Float](repeating: -1, count: 40)
    (weight[first], weight[second]) = (2, 2)
    for (target, other) in [(first, second), (second, first)] {
      func isCorrect() -> Float {
        let (losses, isCorrect) = (Storage(repeating: .nan, count: 1), Storage(repeating: .nan, count: 1))
        headLoss(
          losses.mutableBuffer, isCorrect: isCorrect.mutableBuffer, Matrix([1], rows: 1, columns: 1),
          .floats(Matrix(weight, rows: 40, columns: 1)), targets: [Int32(target)], gradient: nil)
        return isCorrect.elements[0]
      }
      #expect(isCorrect() == 0)
      weight[other] = 1.5
      #expect(isCorrect() == 1)
      weight[other] = 2
    }
  }

  @Test func hugeLogits() {
    let storage = Storage(repeating: .nan, count: 3)
    headLoss(
      storage.mutableBuffer, isCorrect: nil, Matrix([1e15, 1e15, 1e15], rows: 3, columns: 1),
      .floats(Matrix([1e15, 1e15, -1e15], rows: 3, columns: 1)), targets: [0, 1, 2], gradient: nil)
    let losses = storage.elements
    #expect(abs(losses[0] - 0.6931472) < 1e-6 && abs(losses[1] - 0.6931472) < 1e-6)
    #expect(abs(losses[2] - 2e30) < 1e25)
  }
}
