import Kernels
import Support
import Testing

@Suite struct LayoutTests {
  @Test(arguments: [
    ([5], [0]), ([3, 4], [0, 1]), ([3, 4], [1, 0]), ([70, 50], [1, 0]), ([300, 333], [1, 0]), ([2, 3, 4], [2, 0, 1]),
    ([2, 3, 4], [0, 2, 1]), ([2, 33, 65], [0, 2, 1]), ([2, 5, 3, 8], [0, 2, 1, 3]), ([2, 5, 3, 8], [0, 2, 3, 1]),
    ([2, 5, 3, 8], [3, 2, 1, 0]), ([1, 6, 1, 40], [2, 3, 0, 1]), ([64, 1000], [1, 0]),
  ])
  func stridedCopies(_ shape: [Int], _ order: [Int]) {
    let x = ReferenceArray(shape, (0..<shape.reduce(1, *)).map { Double($0) })
    let expected = x.permuted(order)
    let strides = steps(of: shape, in: shape)
    let out = Storage(repeating: .nan, count: x.count)
    copyStrided(out.mutableBuffer, x.buffer, dimensions: expected.shape, steps: order.map { strides[$0] })
    #expect(mismatch(out.elements, expected, within: .exact) == nil)
  }

  @Test(arguments: ArithmeticTests.shapes) func aStepOfZeroRepeats(_ a: [Int], _ b: [Int]) {
    let shape = ReferenceArray.broadcastShape(a, b)
    let x = ReferenceArray(a, (0..<a.reduce(1, *)).map { Double($0) })
    let out = Storage(repeating: .nan, count: shape.reduce(1, *))
    copyStrided(out.mutableBuffer, x.buffer, dimensions: shape, steps: steps(of: a, in: shape))
    #expect(mismatch(out.elements, x.broadcast(to: shape), within: .exact) == nil)
  }

  @Test func blocks() {
    for (rows, columns, stride) in [(1, 1, 1), (3, 7, 20), (50, 1000, 1001)] {
      let x = (0..<rows * stride).map(Float.init)
      let storage = Storage(repeating: -1, count: rows * (columns + 2))
      let target = MutableMatrix(storage.mutableBuffer, rows: rows, columns: columns, stride: columns + 2)
      let source = Matrix(x, rows: rows, columns: columns, gap: stride - columns)
      copyBlock(target, source)
      accumulateBlock(target, source)
      let out = storage.elements
      for row in 0..<rows {
        for j in 0..<columns + 2 {
          #expect(out[row * (columns + 2) + j] == (j < columns ? 2 * x[row * stride + j] : -1))
        }
      }
    }
  }

  @Test func elementsOfEachRow() {
    var generator = SeededGenerator(seed: 1)
    for (rows, columns, count) in [(1, 1, 1), (3, 7, 2), (500, 100, 90)] {
      let x = generator.normals([rows, columns])
      let indices = IntegerArray([rows, count], generator.integers(rows * count, in: 0..<columns))
      let dy = generator.normals([rows, count])
      let y = Storage(repeating: .nan, count: rows * count)
      gatherColumns(y.mutableBuffer, x.matrix, indices.int32s)
      #expect(mismatch(y.elements, Twin.takeAlongLastAxis(indices).value(x), within: .exact) == nil)
      let dx = Storage(repeating: 0, count: rows * columns)
      scatterAddColumns(
        MutableMatrix(dx.mutableBuffer, rows: rows, columns: columns), dy.buffer, indices.int32s)
      let expected = Twin.takeAlongLastAxis(indices).gradients(of: [x], upstream: dy)[0]
      #expect(mismatch(dx.elements, expected, within: .scaled(relative: 1e-6, scaled: 1e-6)) == nil)
    }
  }

  @Test func rowsOfATable() {
    var generator = SeededGenerator(seed: 2)
    for (tableRows, columns, count) in [(1, 1, 3), (5, 7, 40), (300, 33, 1000), (7, 64, 2000)] {
      let table = generator.normals([tableRows, columns])
      let ids = IntegerArray([count], generator.integers(count, in: 0..<tableRows))
      let dy = generator.normals([count, columns])
      let y = Storage(repeating: .nan, count: count * columns)
      gatherRows(y.mutableBuffer, table.matrix, ids.int32s)
      #expect(mismatch(y.elements, Twin.gatherRows(ids).value(table), within: .exact) == nil)
      let dTable = Storage(repeating: 0, count: table.count)
      scatterAddRows(
        MutableMatrix(dTable.mutableBuffer, rows: tableRows, columns: columns), dy.buffer, ids.int32s)
      let expected = Twin.gatherRows(ids).gradients(of: [table], upstream: dy)[0]
      #expect(mismatch(dTable.elements, expected, within: .scaled(relative: 1e-5, scaled: 1e-6)) == nil)
    }
  }

  @Test func theFirstOfTheLargest() {
    let x: [Float] = [1, 3, 3, 2, -1, -1, -2, -3, .nan, 5, .nan, 1, 7, .infinity, .infinity, 0]
    let largest = Storage(repeating: 0, count: 4)
    #expect(rowMaximum(largest.mutableBuffer, Matrix(x, rows: 4, columns: 4)) == [1, 0, 0, 1])
    let values = largest.elements
    #expect(values[0] == 3 && values[1] == -1 && values[2].isNaN && values[3] == .infinity)
    #expect(rowMaximum(largest.mutableBuffer, Matrix([2, .nan, 9, .nan], rows: 1, columns: 4)) == [1])
    #expect(largest.elements[0].isNaN)
  }
}
