import Kernels
import Support
import Testing

/// U S V^T is the matrix, U and V have orthonormal columns, and the largest values come first.
@Suite struct SingularValueTests {
  @Test(arguments: [(5, 3), (3, 5), (1, 7), (7, 1), (1, 1), (40, 70), (130, 96)])
  func theProductIsTheMatrix(_ rows: Int, _ columns: Int) throws {
    var generator = SeededGenerator(seed: 3)
    let matrix = generator.normals([rows, columns]).floats
    let found = try SingularValues(matrix, rows: rows, columns: columns)
    let count = min(rows, columns)
    #expect(found.u.count == rows * count && found.values.count == count && found.vt.count == count * columns)
    #expect(found.values == found.values.sorted(by: >) && found.values.allSatisfy { $0 >= 0 })
    func product(_ one: (Int) -> Float, _ other: (Int) -> Float, _ length: Int) -> Double {
      (0..<length).reduce(0) { $0 + Double(one($1)) * Double(other($1)) }
    }
    for row in 0..<rows {
      for column in 0..<columns {
        let sum = product(
          { found.u[row * count + $0] * found.values[$0] }, { found.vt[$0 * columns + column] }, count)
        #expect(abs(sum - Double(matrix[row * columns + column])) < 2e-5)
      }
    }
    for one in 0..<count {
      for other in 0..<count {
        let expected = one == other ? 1.0 : 0
        let u = product({ found.u[$0 * count + one] }, { found.u[$0 * count + other] }, rows)
        let v = product({ found.vt[one * columns + $0] }, { found.vt[other * columns + $0] }, columns)
        #expect(abs(u - expected) < 1e-5 && abs(v - expected) < 1e-5)
      }
    }
  }

  @Test func whatHasNoneIsSaid() {
    for bad in [Float.nan, .infinity] {
      #expect(throws: SingularValues.Problem.self) { try SingularValues([1, 2, bad, 4], rows: 2, columns: 2) }
    }
  }
}
