import Autograd
import Kernels
import Support
import Testing

/// What must hold for any input, tried on many.
@Suite struct PropertyTests {
  /// Calls `body` with 200 matrices of different shapes.
  private func forMatrices(_ body: (Tensor, inout SeededGenerator) -> Void) {
    var generator = SeededGenerator(seed: 100)
    for _ in 0..<200 {
      let shape = [Int.random(in: 1...6, using: &generator), Int.random(in: 1...40, using: &generator)]
      body(Tensor(generator.normals(shape, deviation: 3)), &generator)
    }
  }

  private func largest(_ x: Tensor) -> Float { x.elements.reduce(0) { max($0, abs($1)) } }

  @Test func softmaxOfShiftedRows() {
    forMatrices { x, generator in
      let y = softmax(x)
      let shifted = softmax(x + Float(generator.normal() * 20))
      #expect(largest(y - shifted) < 2e-5)
      #expect(largest(y.sum(over: [1]) - 1) < 1e-6)
      #expect(logSoftmax(x).max().scalar <= 0)
      #expect(largest(logSumExp(x + 5) - logSumExp(x) - 5) < 1e-5)
    }
  }

  @Test func rowsOfTheGradientOfCrossEntropyAddUpToZero() {
    forMatrices { x, generator in
      let targets = (0..<x.shape[0]).map { _ in Int32.random(in: 0..<Int32(x.shape[1]), using: &generator) }
      let p = Parameter(x)
      let gradients = valueAndGradients(of: [p]) { -logSoftmax(p.tensor).gathered(targets).sum() }.gradients
      #expect(largest(gradients[p]!.sum(over: [1])) < 1e-5)
    }
  }

  @Test func normsOfScaledAndShiftedRows() {
    forMatrices { x, generator in
      let ones = Tensor(repeating: 1, shape: [x.shape[1]])
      let factor = Float(generator.uniform() * 10 + 0.1)
      #expect(largest(rmsNorm(x, ones, epsilon: 0) - rmsNorm(x * factor, ones, epsilon: 0)) < 1e-5)
      let y = layerNorm(x, ones, ones * 0, epsilon: 1e-5)
      #expect(largest(y.mean(over: [1])) < 1e-5)
    }
  }

  /// q at i times k at j depends on i - j alone, and turning keeps lengths.
  @Test func rotationIsRelative() {
    var generator = SeededGenerator(seed: 1)
    let table = RotaryTable(frequencies: rotaryFrequencies(dimension: 8, base: 100), positions: 200)
    for _ in 0..<200 {
      let (q, k) = (Tensor(generator.normals([1, 1, 8])), Tensor(generator.normals([1, 1, 8])))
      let (i, j) = (Int32.random(in: 0..<100, using: &generator), Int32.random(in: 0..<100, using: &generator))
      func product(_ i: Int32, _ j: Int32) -> Float {
        (rotaryEmbedding(q, positions: [i], table: table) * rotaryEmbedding(k, positions: [j], table: table)).sum()
          .scalar
      }
      #expect(abs(product(i, j) - product(i + 100, j + 100)) < 1e-4)
      let rotated = rotaryEmbedding(q, positions: [i], table: table)
      #expect(abs(square(rotated).sum().scalar - square(q).sum().scalar) < 1e-4)
    }
  }

  @Test func groupedHeadsWithEqualKeysAreSeparateHeads() {
    var generator = SeededGenerator(seed: 2)
    for length in [1, 5, 64, 70] {
      let (q, k, v) = (
        generator.normals([2, length, 4, 6]), generator.normals([2, length, 2, 6]),
        generator.normals([2, length, 2, 6])
      )
      func repeated(_ x: ReferenceArray) -> Tensor {
        Tensor(ReferenceArray([2, length, 4, 6]) { x[$0[0], $0[1], $0[2] / 2, $0[3]] })
      }
      let starts = [Int32](repeating: 0, count: 2 * length)
      let grouped = attention([Tensor(q), Tensor(k), Tensor(v)], starts)
      #expect(grouped.elements == attention([Tensor(q), repeated(k), repeated(v)], starts).elements)
    }
  }

  @Test func rowsOfABatchAreIndependent() {
    var generator = SeededGenerator(seed: 3)
    let x = generator.normals([3, 20, 24])
    let layout = SequenceLayout(rows: 3, columns: 20)
    let y = selfAttention(Tensor(x), heads: 2, keyHeads: 2, layout: layout, rotary: nil)
    let swapped = ReferenceArray([3, 20, 24]) { x[2 - $0[0], $0[1], $0[2]] }
    let z = selfAttention(Tensor(swapped), heads: 2, keyHeads: 2, layout: layout, rotary: nil)
    for row in 0..<3 { #expect(y.slice(row..<row + 1).elements == z.slice(2 - row..<3 - row).elements) }
  }

  @Test func transposedProductsAgree() {
    forMatrices { x, generator in
      let y = Tensor(generator.normals([x.shape[1], 7]))
      let expected = matmul(x, y)
      let scale = largest(expected) * 1e-5
      #expect(largest(matmul(x.transposed(), y, transposeA: true) - expected) <= scale)
      #expect(largest(matmul(x, y.transposed(), transposeB: true) - expected) <= scale)
      #expect(largest(matmul(y, x, transposeA: true, transposeB: true).transposed() - expected) <= scale)
    }
  }
}
