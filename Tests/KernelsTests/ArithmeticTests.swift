import Kernels
import Support
import Testing

private typealias Kernel = (MutableBuffer, Buffer, Buffer, BroadcastLayout) -> Void

@Suite struct ArithmeticTests {
  /// The axes of two operands that are broadcast together.
  static let shapes: [([Int], [Int])] = [
    ([], []), ([1], [1]), ([7], [7]), ([17], []), ([], [17]), ([100_003], [100_003]), ([100_003], [1]),
    ([3, 4], [4]), ([3, 4], [3, 1]), ([4], [3, 4]), ([3, 1], [1, 4]), ([70, 1000], [1000]), ([1000, 70], [1000, 1]),
    ([2, 3, 4], [3, 1]), ([2, 1, 4], [3, 1]), ([2, 1, 4, 1], [1, 3, 1, 5]), ([1, 5, 1], [6, 1, 7]),
    ([2, 3, 4], [1, 1, 1]),
  ]

  @Test(arguments: shapes) func agreesWithTheTwin(_ a: [Int], _ b: [Int]) {
    var generator = SeededGenerator(seed: 3)
    let x = generator.normals(a)
    let y = generator.uniforms(b, in: 0.5..<2)
    let kernels: [(Twin, Kernel)] = [
      (.add, Kernels.add), (.subtract, Kernels.subtract), (.multiply, Kernels.multiply), (.divide, Kernels.divide),
    ]
    let shape = ReferenceArray.broadcastShape(a, b)
    let layout = BroadcastLayout(shape, steps: [steps(of: a, in: shape), steps(of: b, in: shape)])
    for (twin, kernel) in kernels {
      let out = Storage(repeating: .nan, count: shape.reduce(1, *))
      kernel(out.mutableBuffer, x.buffer, y.buffer, layout)
      #expect(mismatch(out.elements, twin.value(x, y), within: .exact) == nil)
    }
  }

  @Test func axesThatAreWalkedAsOneAreOne() {
    let plain = BroadcastLayout([2, 3, 4], steps: [[12, 4, 1], [12, 4, 1]])
    #expect(plain.dimensions == [24])
    let row = BroadcastLayout([2, 3, 4], steps: [[12, 4, 1], [0, 0, 1]])
    #expect(row.dimensions == [6, 4] && row.steps == [[4, 1], [0, 1]])
    let scalar = BroadcastLayout([2, 3, 4], steps: [[12, 4, 1], [0, 0, 0]])
    #expect(scalar.dimensions == [24] && scalar.steps == [[1], [0]])
  }

  @Test(arguments: shapes) func sumsBackOverWhatWasRepeated(_ a: [Int], _ b: [Int]) {
    let shape = ReferenceArray.broadcastShape(a, b)
    var generator = SeededGenerator(seed: 4)
    let x = generator.normals(shape)
    for target in [a, b] {
      let out = Storage(repeating: 0, count: target.reduce(1, *))
      sumBroadcast(out.mutableBuffer, x.buffer, dimensions: shape, steps: steps(of: target, in: shape))
      let terms = max(1, x.count / max(1, out.count))
      let bounds = x.map(abs).summed(to: target).values.map { summationBound(terms: terms, magnitude: $0) }
      #expect(mismatch(out.elements, x.summed(to: target), within: .bounds(bounds)) == nil)
    }
  }

  @Test func theSimpleLoops() {
    var generator = SeededGenerator(seed: 5)
    for count in [1, 7, 16, 17, 1000, 70_001] {
      let (x, y) = (generator.normals([count]), generator.normals([count]))
      let out = Storage(repeating: .nan, count: count)
      copy(out.mutableBuffer, x.buffer)
      #expect(out.elements == x.floats)
      accumulate(out.mutableBuffer, y.buffer)
      #expect(mismatch(out.elements, Twin.add.value(x, y), within: .exact) == nil)
      let sum = out.elements
      scale(out.mutableBuffer, by: -2)
      #expect(out.elements == sum.map { -2 * $0 })
      fill(out.mutableBuffer, 1.5)
      #expect(out.elements.allSatisfy { $0 == 1.5 })
    }
  }

  @Test func biasIsAddedToEveryRow() {
    var generator = SeededGenerator(seed: 6)
    for (rows, columns) in [(1, 1), (3, 7), (2, 17), (300, 1000)] {
      let (x, bias) = (generator.normals([rows, columns]), generator.normals([columns]))
      let out = Storage(x.floats)
      addBias(out.mutableBuffer, bias.buffer)
      #expect(mismatch(out.elements, Twin.add.value(x, bias), within: .exact) == nil)
    }
  }

  @Test func selection() {
    var generator = SeededGenerator(seed: 7)
    for count in [1, 7, 17, 1000, 40_000] {
      let (x, y) = (generator.normals([count]), generator.normals([count]))
      let mask = (0..<count).map { _ in Int.random(in: 0...1, using: &generator) }
      let (twin, choice) = (Twin.choose(where: IntegerArray([count], mask)), Buffer(mask.map(Float.init)))
      let out = Storage(repeating: .nan, count: count)
      select(out.mutableBuffer, mask: choice, x.buffer, y.buffer)
      #expect(mismatch(out.elements, twin.value(x, y), within: .exact) == nil)
      let gradients = twin.gradients(of: [x, y], upstream: x)
      selectBackward(out.mutableBuffer, mask: choice, x.buffer, isFirst: true)
      #expect(mismatch(out.elements, gradients[0], within: .elementwise(relative: 0)) == nil)
      selectBackward(out.mutableBuffer, mask: choice, x.buffer, isFirst: false)
      #expect(mismatch(out.elements, gradients[1], within: .elementwise(relative: 0)) == nil)
    }
  }
}

/// The steps of a contiguous array of shape `own` along the axes of `shape`, which it is broadcast to.
func steps(of own: [Int], in shape: [Int]) -> [Int] {
  let long = [Int](repeating: 1, count: shape.count - own.count) + own
  return long.indices.map { axis in long[axis] == 1 ? 0 : long[(axis + 1)...].reduce(1, *) }
}
