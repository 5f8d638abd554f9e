import Kernels
import Support
import Testing

@Suite struct ReductionTests {
  @Test(arguments: [0, 1, 7, 15, 16, 17, 63, 64, 65, 1000, 100_003]) func sumsAndProducts(_ count: Int) {
    var generator = SeededGenerator(seed: 1)
    let (x, y) = (generator.normals([count]), generator.normals([count]))
    let products = zip(x.values, y.values).map(*)
    check(sum(x.floats, count), x.values)
    check(dot(x.floats, y.floats, count), products)
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
    for kernel in [sumRows, sumRowsInPieces] {
      var out = [Float](repeating: .nan, count: columns)
      kernel(&out, x.floats, rows, columns, false)
      #expect(mismatch(out, expected, within: .bounds(bounds)) == nil)
      out = start.floats
      kernel(&out, x.floats, rows, columns, true)
      #expect(mismatch(out, Twin.add.value(expected, start), within: .bounds(bounds)) == nil)
    }
  }

  @Test func theSquaredNormDoesNotOverflow() {
    for count in [0, 1, 15, 17, 16384, 16385, 70_001] {
      let x = [Float](repeating: 1e20, count: count)
      let expected = Double(count) * Double(Float(1e20)) * Double(Float(1e20))
      #expect(abs(squaredNorm(x, count) - expected) <= 1e-12 * expected)
    }
    #expect(squaredNorm([1, .nan, 2], 3).isNaN)
    #expect(squaredNorm([Float](repeating: 1e-30, count: 20), 20) > 0)
  }
}
