import Kernels
import Support
import Testing

private let close = Tolerance.scaled(relative: 2e-6, scaled: 1e-6)

@Suite struct SoftmaxTests {
  @Test(arguments: [(1, 1), (3, 7), (2, 16), (5, 17), (70, 65), (33, 1000)], [1.0, 30, 1e4])
  func agreesWithTheTwin(_ shape: (Int, Int), _ deviation: Double) {
    let (rows, columns) = shape
    var generator = SeededGenerator(seed: 1)
    let x = generator.normals([rows, columns], deviation: deviation)
    let dy = generator.normals([rows, columns])
    var (y, dx) = ([Float](repeating: .nan, count: x.count), [Float](repeating: .nan, count: x.count))
    softmaxForward(&y, x.floats, rows: rows, columns: columns)
    softmaxBackward(&dx, dy.floats, y, rows: rows, columns: columns)
    #expect(mismatch(y, Twin.softmax.value(x), within: close) == nil)
    // dy - sum(dy y) cancels where y is almost 1.
    let rounded = Tolerance.elementwise(relative: 1e-5, absolute: 1e-6)
    #expect(mismatch(dx, Twin.softmax.gradients(of: [x], upstream: dy)[0], within: rounded) == nil)

    logSoftmaxForward(&y, x.floats, rows: rows, columns: columns)
    logSoftmaxBackward(&dx, dy.floats, y, rows: rows, columns: columns)
    #expect(mismatch(y, Twin.logSoftmax.value(x), within: close) == nil)
    let scaled = Tolerance.scaled(relative: 1e-5, scaled: 1e-5 * max(1, deviation * 1e-3))
    #expect(mismatch(dx, Twin.logSoftmax.gradients(of: [x], upstream: dy)[0], within: scaled) == nil)

    let twin = Twin.logSumExp(axes: [1])
    let dz = generator.normals([rows])
    var z = [Float](repeating: .nan, count: rows)
    logSumExpForward(&z, x.floats, rows: rows, columns: columns)
    logSumExpBackward(&dx, dz.floats, x.floats, z, rows: rows, columns: columns)
    #expect(mismatch(z, twin.value(x), within: close) == nil)
    #expect(mismatch(dx, twin.gradients(of: [x], upstream: dz)[0], within: scaled) == nil)
  }

  /// Rows where all is masked, where all but one is masked, and with numbers of 1e30.
  @Test func extremeRows() {
    let low = -Float.infinity
    let x: [Float] = [low, low, low, low, 2, low, 1e30, 1e30, -1e30, -3e38, 3e38, 0]
    var (y, dx, z) = (
      [Float](repeating: 7, count: 12), [Float](repeating: 7, count: 12), [Float](repeating: 7, count: 4)
    )
    let dy = [Float](repeating: 1, count: 12)
    softmaxForward(&y, x, rows: 4, columns: 3)
    #expect(y == [0, 0, 0, 0, 1, 0, 0.5, 0.5, 0, 0, 1, 0])
    softmaxBackward(&dx, dy, y, rows: 4, columns: 3)
    #expect(dx.allSatisfy { $0 == 0 })
    logSumExpForward(&z, x, rows: 4, columns: 3)
    #expect(z == [low, 2, 1e30, 3e38])
    logSumExpBackward(&dx, [1, 1, 1, 1], x, z, rows: 4, columns: 3)
    #expect(Array(dx.prefix(6)) == [0, 0, 0, 0, 1, 0] && dx.allSatisfy { $0.isFinite })
    logSoftmaxForward(&y, x, rows: 4, columns: 3)
    #expect(Array(y.prefix(6)) == [low, low, low, low, 0, low] && !y.contains { $0.isNaN })
    logSoftmaxBackward(&dx, dy, y, rows: 4, columns: 3)
    #expect(dx.allSatisfy { $0.isFinite })
  }

  @Test func notANumberSpreadsOverItsRowAlone() {
    let x: [Float] = [1, .nan, 2, 1, 2, 3]
    var y = [Float](repeating: 0, count: 6)
    softmaxForward(&y, x, rows: 2, columns: 3)
    #expect(y.prefix(3).allSatisfy { $0.isNaN } && y.suffix(3).allSatisfy { $0.isFinite })
  }
}
