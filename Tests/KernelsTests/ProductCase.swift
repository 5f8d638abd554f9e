import Kernels
import Numerics
import Support
import Testing

/// A product of matrices that may be parts of wider ones.
struct ProductCase: Sendable, CustomTestStringConvertible {
  let (m, n, k): (Int, Int, Int)
  let (transposeA, transposeB): (Bool, Bool)
  let accumulate: Bool
  let gap: Int
  var kernels = ProductKernels.chosen
  var precision = ProductPrecision.float32

  var testDescription: String {
    "\(precision == .float32 ? "\(kernels)" : precision.rawValue) \(m)x\(n)x\(k)\(transposeA ? " A^T" : "")\(transposeB ? " B^T" : "")\(accumulate ? " +=" : "") gap \(gap)"
  }

  /// A, B and the previous contents of C, each with the gaps between its rows.
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
    product(a, b, before) { c, a, b in
      if kernels == .library, precision == .float32 { return libraryProduct(c, a, b, accumulate: accumulate) }
      matrixProduct(c, a, b, accumulate: accumulate, precision: precision)
    }
  }

  /// C after what `multiply` does with it, A and B.
  func product(
    _ a: [Float], _ b: [Float], _ before: [Float], by multiply: (MutableMatrix, Matrix, Matrix) -> Void
  ) -> [Float] {
    let c = Storage(before)
    multiply(
      MutableMatrix(c.mutableBuffer, rows: m, columns: n, stride: n + gap),
      Matrix(a, rows: m, columns: k, isTransposed: transposeA, gap: gap),
      Matrix(b, rows: k, columns: n, isTransposed: transposeB, gap: gap))
    return c.elements
  }

  /// Compares C with the product in double precision, and what lies between its rows with what did before.
  func expectProduct(_ c: [Float], of a: ReferenceArray, _ b: ReferenceArray, _ before: [Float]) {
    var (inside, outside) = (a.sliced(axis: 1, 0..<a.columns - gap), b.sliced(axis: 1, 0..<b.columns - gap))
    if precision == .bfloat16 { (inside, outside) = (inside.bfloat16, outside.bfloat16) }
    let (left, right) = (
      transposeA ? inside.transposed : inside, transposeB ? outside.transposed : outside
    )
    let product = ReferenceArray.matmul(left, right)
    let bounds = ReferenceArray.matmulBounds(left, right)
    for row in 0..<m {
      for column in 0..<n {
        let (i, at) = (row * n + column, row * (n + gap) + column)
        let start = accumulate ? Double(before[at]) : 0
        let allowed = bounds[i] + 1e-7 * abs(start)
        if !(abs(Double(c[at]) - start - product.values[i]) <= allowed) {
          Issue.record("\(c[at]) at \(row), \(column), expected \(start + product.values[i])")
        }
      }
      let between = row * (n + gap) + n..<(row + 1) * (n + gap)
      #expect(c[between] == before[between])
    }
  }

  /// Compares some rows of C with those of products of these rows of A alone, bit by bit.
  func expectRowsAlone(by multiply: (MutableMatrix, Matrix, Matrix) -> Void) {
    var generator = SeededGenerator(seed: 5)
    let (a, b) = (generator.normals([m, k]), generator.normals(transposeB ? [n, k] : [k, n]).floats)
    func product(_ rows: Range<Int>) -> [Float] {
      let some = a.sliced(axis: 0, rows)
      return ProductCase(
        m: rows.count, n: n, k: k, transposeA: transposeA, transposeB: transposeB, accumulate: false, gap: 0
      ).product(
        (transposeA ? some.transposed : some).floats, b, [Float](repeating: 0, count: rows.count * n), by: multiply)
    }
    let whole = product(0..<m)
    for rows in [0..<2, 3..<16, 20..<61] {
      #expect(product(rows) == Array(whole[rows.lowerBound * n..<rows.upperBound * n]))
    }
  }

  /// Zeros, subnormal numbers, infinities, what is no number, and ordinary ones of all sizes.
  static func anything(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in
      let bits = UInt32(truncatingIfNeeded: generator.next())
      return switch generator.next() % 16 {
      case 0: Float(bitPattern: bits & 0x807F_FFFF)
      case 1: bits % 2 == 0 ? 0 : -0.0
      case 2: bits % 200 == 0 ? Float(bitPattern: bits | 0x7F80_0000) : 1
      case 3...8: Float(bitPattern: bits & 0x807F_FFFF | UInt32(1 + generator.next() % 130) << 23)
      default: Float(bitPattern: bits & 0x807F_FFFF | UInt32(120 + generator.next() % 12) << 23)
      }
    }
  }

  /// A, B and the previous contents of C: numbers of all kinds, or ordinary ones.
  func numbers(isOrdinary: Bool) -> (a: [Float], b: [Float], before: [Float]) {
    var generator = SeededGenerator(seed: 41)
    func numbers(_ count: Int) -> [Float] {
      isOrdinary ? generator.normals([count]).floats : Self.anything(count, &generator)
    }
    let a = numbers(transposeA ? k * (m + gap) : m * (k + gap))
    let b = numbers(transposeB ? n * (k + gap) : k * (n + gap))
    return (a, b, numbers(m * (n + gap)))
  }

  static let shapes = [
    (1, 1, 1), (1, 17, 5), (7, 1, 16), (3, 5, 0), (33, 29, 31), (97, 50, 48), (130, 96, 65), (50, 200, 64),
    (200, 7, 100), (24, 64, 900), (300, 33, 20), (13, 2100, 3), (40, 390, 800), (400, 29, 1041),
    (16, 416, 17), (20, 200, 1024), (0, 4, 3), (4, 0, 3),
  ]
  /// Each with the kernels that the program uses, where that is possible with the library's, and of operands that are rounded.
  static let all =
    cases + cases.filter { min($0.m, $0.n, $0.k) > 0 && $0.kernels != .library }.map { $0.by(.library) } + rounded
  static let rounded = cases.map(\.rounded)

  /// The same product of operands rounded to bfloat16.
  var rounded: ProductCase {
    var other = self
    other.precision = .bfloat16
    return other
  }

  func by(_ kernels: ProductKernels) -> ProductCase {
    var other = self
    other.kernels = kernels
    return other
  }

  static let rowCases = [false, true].flatMap { a in
    [false, true].flatMap { b in
      let sample = ProductCase(m: 61, n: 400, k: 500, transposeA: a, transposeB: b, accumulate: false, gap: 0)
      return [sample, sample.rounded]
    }
  }

  static let cases = shapes.flatMap { shape in
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

/// Compares numbers bit by bit, but for what is no number.
func expectSameBits(_ found: [Float], _ expected: [Float]) {
  let other = found.indices.first {
    found[$0].bitPattern != expected[$0].bitPattern && !(found[$0].isNaN && expected[$0].isNaN)
  }
  #expect(other == nil, "\(found[other ?? 0]) and \(expected[other ?? 0]) at \(other ?? 0)")
}
