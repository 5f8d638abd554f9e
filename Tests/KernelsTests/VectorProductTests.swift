import Kernels
import Support
import Testing

@Suite struct VectorProductTests {
  /// Rows of every length around the widths of the loops, both layouts, added to and overwritten.
  @Test(arguments: [1, 2, 7, 8, 9, 63, 64, 65, 576, 1531], [false, true])
  func isTheMatrixProductOfOneRow(_ k: Int, _ transposeB: Bool) {
    var generator = SeededGenerator(seed: UInt64(k))
    for (n, accumulate) in [(1, false), (5, true), (130, false), (577, true)] {
      let a = generator.normals([k]).floats
      let b = generator.normals([k * n]).floats
      let start = generator.normals([n]).floats
      let storage = Storage(start)
      matrixProduct(
        MutableMatrix(storage.mutableBuffer, rows: 1, columns: n), Matrix(a, rows: 1, columns: k),
        Matrix(b, rows: k, columns: n, isTransposed: transposeB), accumulate: accumulate)
      let c = storage.elements
      for j in 0..<n {
        var expected = accumulate ? Double(start[j]) : 0
        for i in 0..<k { expected += Double(a[i]) * Double(transposeB ? b[j * k + i] : b[i * n + j]) }
        #expect(abs(Double(c[j]) - expected) < 1e-5 * Double(k).squareRoot() + 1e-6, "column \(j) of \(n), k = \(k)")
      }
    }
  }

  @Test(arguments: [false, true]) func doesNotDependOnTheThreads(_ transposeB: Bool) {
    let (n, k) = (577, 1531)
    var generator = SeededGenerator(seed: 1)
    let a = generator.normals([k]).floats
    let b = generator.normals([k * n]).floats
    let results = [1, 2, 3, 8].map { threads in
      let c = Storage(repeating: 0, count: n)
      Parallel.withThreads(threads) {
        matrixProduct(
          MutableMatrix(c.mutableBuffer, rows: 1, columns: n), Matrix(a, rows: 1, columns: k),
          Matrix(b, rows: k, columns: n, isTransposed: transposeB))
      }
      return c.elements.map(\.bitPattern)
    }
    #expect(results.dropFirst().allSatisfy { $0 == results[0] })
  }
}
