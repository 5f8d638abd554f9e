import Foundation
import Kernels
import Support
import Testing

@Suite struct RandomnessTests {
  @Test(arguments: [0, 0.1, 0.5, 0.9] as [Float]) func dropoutKeepsTheExpectedShare(_ probability: Float) {
    let count = 400_000
    let (y, ones) = (Storage(repeating: .nan, count: count), Storage(repeating: 1, count: count))
    dropout(y.mutableBuffer, ones.buffer, probability: probability, seed: 42)
    let kept = y.elements.filter { $0 != 0 }
    #expect(kept.allSatisfy { $0 == 1 / (1 - probability) })
    let (share, expected) = (Double(kept.count) / Double(count), 1 - Double(probability))
    // Four standard deviations of a binomial share.
    #expect(abs(share - expected) <= 4 * (expected * (1 - expected) / Double(count)).squareRoot())
  }

  @Test func dropoutIsAFunctionOfSeedAndIndex() {
    let ones = Storage(repeating: 1, count: 70_000)
    func mask(_ seed: UInt64, _ count: Int) -> [Float] {
      let y = Storage(repeating: .nan, count: count)
      dropout(y.mutableBuffer, ones.buffer[0..<count], probability: 0.5, seed: seed)
      return y.elements
    }
    #expect(mask(1, 70_000) == mask(1, 70_000))
    #expect(Array(mask(1, 70_000).prefix(17)) == mask(1, 17))
    for other in [2, 1 << 32] as [UInt64] {
      let same = zip(mask(1, 70_000), mask(other, 70_000)).count { $0 == $1 }
      #expect(abs(same - 35_000) < 700)
    }
    let neighbours = mask(1, 70_000)
    let repeats = zip(neighbours, neighbours.dropFirst()).count { $0 == $1 }
    #expect(abs(repeats - 35_000) < 700)
  }

  @Test func normalNumbers() {
    let count = 300_001
    func filled(_ count: Int, seed: UInt64) -> [Float] {
      let x = Storage(repeating: .nan, count: count)
      fillNormal(x.mutableBuffer, deviation: 2, seed: seed)
      return x.elements
    }
    let x = filled(count, seed: 9)
    let mean = x.reduce(0) { $0 + Double($1) } / Double(count)
    let moments = [2.0, 3, 4].map { power in x.reduce(0) { $0 + pow(Double($1) / 2, power) } / Double(count) }
    #expect(abs(mean) < 0.02)
    #expect(abs(moments[0] - 1) < 0.02 && abs(moments[1]) < 0.04 && abs(moments[2] - 3) < 0.1)
    #expect(filled(100, seed: 9) == Array(x.prefix(100)))
    #expect(filled(100, seed: 10) != Array(x.prefix(100)))
  }

  @Test func uniformNumbers() {
    let count = 300_001
    func filled(_ count: Int, seed: UInt64) -> [Float] {
      let x = Storage(repeating: .nan, count: count)
      fillUniform(x.mutableBuffer, from: -3, to: 1, seed: seed)
      return x.elements
    }
    let x = filled(count, seed: 9)
    #expect(x.allSatisfy { $0 >= -3 && $0 <= 1 })
    for decile in 0..<10 {
      let (low, high) = (-3 + 0.4 * Float(decile), -3 + 0.4 * Float(decile + 1))
      // Six standard deviations of a binomial count.
      #expect(abs(x.count { $0 >= low && $0 < high } - count / 10) < 1000)
    }
    #expect(filled(100, seed: 9) == Array(x.prefix(100)))
    #expect(filled(100, seed: 10) != Array(x.prefix(100)))
  }

  @Test func rotation() {
    var generator = SeededGenerator(seed: 3)
    for (rows, heads, dimension, gap) in [(1, 1, 2, 0), (5, 3, 8, 4), (300, 2, 34, 0)] {
      let x = generator.normals([1, rows, heads, dimension])
      let positions = IntegerArray([1, rows], generator.integers(rows, in: 0..<500))
      let frequencies = rotaryFrequencies(dimension: dimension, base: 10000)
      let size = 500 * frequencies.count
      let (cosines, sines) = (Storage(repeating: .nan, count: size), Storage(repeating: .nan, count: size))
      rotaryAngles(
        cosines: cosines.mutableBuffer, sines: sines.mutableBuffer, frequencies: frequencies, positions: 500)
      let angles = RotaryAngles(cosines: cosines.buffer, sines: sines.buffer, pairs: frequencies.count)
      let (stride, width) = (heads * dimension + gap, heads * dimension)
      let storage = Storage(repeating: 7, count: rows * stride)
      let matrix = MutableMatrix(storage.mutableBuffer, rows: rows, columns: width, stride: stride)
      copyBlock(matrix, Matrix(x.buffer, rows: rows, columns: width))
      for direction in [Float(1), -1] {
        rotate(matrix, heads: heads, dimension: dimension, positions: positions.int32s, angles, direction: direction)
        let rotated = storage.elements
        let result = (0..<rows).flatMap { rotated[$0 * stride..<$0 * stride + width] }
        let expected = direction == 1 ? Twin.rotary(positions: positions, frequencies: frequencies).value(x) : x
        #expect(mismatch(result, expected, within: .scaled(relative: 1e-6, scaled: 1e-6)) == nil)
        #expect((0..<rows).allSatisfy { rotated[$0 * stride + width..<($0 + 1) * stride].allSatisfy { $0 == 7 } })
      }
    }
  }
}
