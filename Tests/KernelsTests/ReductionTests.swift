import Kernels
import Support
import Testing

@Suite struct ReductionTests {
  @Test(arguments: [0, 1, 7, 15, 16, 17, 63, 64, 65, 1000, 100_003]) func sumsAndProducts(_ count: Int) {
    var generator = SeededGenerator(seed: 1)
    let (x, y) = (generator.normals([count]), generator.normals([count]))
    let products = zip(x.values, y.values).map(*)
    // Each of two equal rows is added up on its own.
    let sums = Storage(repeating: 0, count: 2)
    sumBroadcast(sums.mutableBuffer, Buffer(x.floats + x.floats), dimensions: [2, count], steps: [1, 0])
    for sum in sums.elements { check(sum, x.values) }
    let product = Storage(repeating: .nan, count: 1)
    matrixProduct(
      MutableMatrix(product.mutableBuffer, rows: 1, columns: 1), Matrix(x.buffer, rows: 1, columns: count),
      Matrix(y.buffer, rows: 1, columns: count).transposed)
    check(product.elements[0], products)
  }

  private func check(_ result: Float, _ terms: [Double]) {
    let bound = summationBound(terms: max(1, terms.count), magnitude: terms.reduce(0) { $0 + abs($1) })
    #expect(abs(Double(result) - terms.reduce(0, +)) <= bound)
  }

  @Test(arguments: [(1, 1), (3, 7), (17, 16), (1000, 17), (5, 1000), (70, 3000)])
  func sumsOfRows(_ rows: Int, _ columns: Int) {
    var generator = SeededGenerator(seed: 2)
    let x = generator.normals([rows, columns])
    let start = generator.normals([columns])
    let expected = x.summed(to: [columns])
    let bounds = x.map(abs).summed(to: [columns]).values.map { summationBound(terms: rows, magnitude: $0 + 3) }
    var out = Storage(repeating: .nan, count: columns)
    sumRowsInPieces(out.mutableBuffer, x.buffer, accumulate: false)
    #expect(mismatch(out.elements, expected, within: .bounds(bounds)) == nil)
    out = Storage(start.floats)
    sumRowsInPieces(out.mutableBuffer, x.buffer, accumulate: true)
    #expect(mismatch(out.elements, Twin.add.value(expected, start), within: .bounds(bounds)) == nil)
  }

  @Test func theSquaredNormDoesNotOverflow() {
    for count in [0, 1, 15, 17, 16384, 16385, 70_001] {
      let x = [Float](repeating: 1e20, count: count)
      let expected = Double(count) * Double(Float(1e20)) * Double(Float(1e20))
      #expect(abs(squaredNorm(Buffer(x)) - expected) <= 1e-12 * expected)
    }
    #expect(squaredNorm(Buffer([1, .nan, 2])).isNaN)
    #expect(squaredNorm(Buffer([Float](repeating: 1e-30, count: 20))) > 0)
  }
}
