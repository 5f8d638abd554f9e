import Kernels
import Support
import Testing

/// A product of matrices that may lie in wider ones.
struct ProductCase: Sendable, CustomTestStringConvertible {
  let (m, n, k): (Int, Int, Int)
  let (transposeA, transposeB): (Bool, Bool)
  let accumulate: Bool
  let gap: Int

  var testDescription: String {
    "\(m)x\(n)x\(k)\(transposeA ? " A^T" : "")\(transposeB ? " B^T" : "")\(accumulate ? " +=" : "") gap \(gap)"
  }

  /// A, B and what C holds before, each with what lies between its rows.
  func inputs(seed: UInt64) -> (a: ReferenceArray, b: ReferenceArray, before: [Float]) {
    var generator = SeededGenerator(seed: seed)
    let (aRows, aColumns) = transposeA ? (k, m) : (m, k)
    let (bRows, bColumns) = transposeB ? (n, k) : (k, n)
    let a = generator.normals([aRows, aColumns + gap])
    let b = generator.normals([bRows, bColumns + gap])
    return (a, b, generator.normals([m, n + gap]).floats)
  }

  /// C after the product.
  func product(_ a: [Float], _ b: [Float], _ before: [Float]) -> [Float] {
    var c = before
    matrixProduct(
      &c, ldc: n + gap, a, lda: (transposeA ? m : k) + gap, transposeA: transposeA, b,
      ldb: (transposeB ? k : n) + gap, transposeB: transposeB, m: m, n: n, k: k, accumulate: accumulate)
    return c
  }

  static let shapes = [
    (1, 1, 1), (1, 17, 5), (7, 1, 16), (3, 5, 0), (33, 29, 31), (97, 50, 48), (130, 96, 65), (50, 200, 64),
    (200, 7, 100),
    (0, 4, 3), (4, 0, 3),
  ]
  static let all = shapes.flatMap { shape in
    [false, true].flatMap { a in
      [false, true].flatMap { b in
        [(false, 0), (true, 3)].map { accumulate, gap in
          ProductCase(
            m: shape.0, n: shape.1, k: shape.2, transposeA: a, transposeB: b, accumulate: accumulate, gap: gap)
        }
      }
    }
  }
}

@Suite struct MatrixProductTests {
  @Test(arguments: ProductCase.all) func agreesWithTheTwin(_ sample: ProductCase) {
    let (a, b, before) = sample.inputs(seed: 11)
    let (m, n, gap) = (sample.m, sample.n, sample.gap)
    let c = sample.product(a.floats, b.floats, before)
    let (inside, outside) = (a.sliced(axis: 1, 0..<a.columns - gap), b.sliced(axis: 1, 0..<b.columns - gap))
    let (left, right) = (
      sample.transposeA ? inside.transposed : inside, sample.transposeB ? outside.transposed : outside
    )
    let product = ReferenceArray.matmul(left, right)
    let bounds = ReferenceArray.matmulBounds(left, right)
    for row in 0..<m {
      for column in 0..<n {
        let (i, at) = (row * n + column, row * (n + gap) + column)
        let start = sample.accumulate ? Double(before[at]) : 0
        let allowed = bounds[i] + 1e-7 * abs(start)
        if !(abs(Double(c[at]) - start - product.values[i]) <= allowed) {
          Issue.record("\(c[at]) at \(row), \(column), expected \(start + product.values[i])")
        }
      }
      let between = row * (n + gap) + n..<(row + 1) * (n + gap)
      #expect(c[between] == before[between])
    }
  }

  @Test func overwritesWhatIsNotANumber() {
    for k in [0, 5] {
      var c = [Float](repeating: .nan, count: 6)
      let ones = [Float](repeating: 1, count: 15)
      matrixProduct(
        &c, ldc: 3, ones, lda: k, transposeA: false, ones, ldb: 3, transposeB: false, m: 2, n: 3, k: k,
        accumulate: false)
      #expect(c == [Float](repeating: Float(k), count: 6))
    }
  }

  @Test func theLibraryIsThere() throws {
    let library = try BLAS.library.get()
    #expect(library.configuration.contains("OpenBLAS"))
    #expect(library.coreType != "unknown")
  }
}
