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
    let (y, dx) = (Storage(repeating: .nan, count: x.count), Storage(repeating: .nan, count: x.count))
    softmaxForward(y.mutableBuffer, x.buffer, columns: columns)
    softmaxBackward(dx.mutableBuffer, dy.buffer, y.buffer, columns: columns)
    #expect(mismatch(y.elements, Twin.softmax.value(x), within: close) == nil)
    // dy - sum(dy y) cancels where y is almost 1.
    let rounded = Tolerance.elementwise(relative: 1e-5, absolute: 1e-6)
    #expect(mismatch(dx.elements, Twin.softmax.gradients(of: [x], upstream: dy)[0], within: rounded) == nil)

    logSoftmaxForward(y.mutableBuffer, x.buffer, columns: columns)
    logSoftmaxBackward(dx.mutableBuffer, dy.buffer, y.buffer, columns: columns)
    #expect(mismatch(y.elements, Twin.logSoftmax.value(x), within: close) == nil)
    let scaled = Tolerance.scaled(relative: 1e-5, scaled: 1e-5 * max(1, deviation * 1e-3))
    #expect(mismatch(dx.elements, Twin.logSoftmax.gradients(of: [x], upstream: dy)[0], within: scaled) == nil)

    let twin = Twin.logSumExp(axes: [1])
    let dz = generator.normals([rows])
    let z = Storage(repeating: .nan, count: rows)
    logSumExpForward(z.mutableBuffer, x.buffer, columns: columns)
    logSumExpBackward(dx.mutableBuffer, dz.buffer, x.buffer, z.buffer)
    #expect(mismatch(z.elements, twin.value(x), within: close) == nil)
    #expect(mismatch(dx.elements, twin.gradients(of: [x], upstream: dz)[0], within: scaled) == nil)
  }

  /// Rows where all is masked, where all but one is masked, and with numbers of 1e30.
  @Test func extremeRows() {
    let low = -Float.infinity
    let x = Buffer([low, low, low, low, 2, low, 1e30, 1e30, -1e30, -3e38, 3e38, 0])
    let (y, dx, z) = (
      Storage(repeating: 7, count: 12), Storage(repeating: 7, count: 12), Storage(repeating: 7, count: 4)
    )
    let dy = Buffer([Float](repeating: 1, count: 12))
    softmaxForward(y.mutableBuffer, x, columns: 3)
    #expect(y.elements == [0, 0, 0, 0, 1, 0, 0.5, 0.5, 0, 0, 1, 0])
    softmaxBackward(dx.mutableBuffer, dy, y.buffer, columns: 3)
    #expect(dx.elements.allSatisfy { $0 == 0 })
    logSumExpForward(z.mutableBuffer, x, columns: 3)
    #expect(z.elements == [low, 2, 1e30, 3e38])
    logSumExpBackward(dx.mutableBuffer, Buffer([1, 1, 1, 1]), x, z.buffer)
    #expect(Array(dx.elements.prefix(6)) == [0, 0, 0, 0, 1, 0] && dx.elements.allSatisfy { $0.isFinite })
    logSoftmaxForward(y.mutableBuffer, x, columns: 3)
    #expect(Array(y.elements.prefix(6)) == [low, low, low, low, 0, low] && !y.elements.contains { $0.isNaN })
    logSoftmaxBackward(dx.mutableBuffer, dy, y.buffer, columns: 3)
    #expect(dx.elements.allSatisfy { $0.isFinite })
  }

  @Test func notANumberSpreadsOverItsRowAlone() {
    let storage = Storage(repeating: 0, count: 6)
    softmaxForward(storage.mutableBuffer, Buffer([1, .nan, 2, 1, 2, 3]), columns: 3)
    let y = storage.elements
    #expect(y.prefix(3).allSatisfy { $0.isNaN } && y.suffix(3).allSatisfy { $0.isFinite })
  }
}
