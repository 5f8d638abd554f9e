import Support
import Testing

@Suite struct ComparisonTests {
  private let expected = ReferenceArray([2, 2], [1.0, -2, 0, 4])

  @Test func theWorstElementIsNamed() throws {
    let message = try #require(mismatch([1, -2, 0, 4.5] as [Float], expected, within: .elementwise(relative: 1e-3)))
    #expect(message.contains("1 of 4 values differ, worst at [1, 1]: 4.5, expected 4.0, off by 0.5"))
  }

  @Test func unitsInTheLastPlace() {
    let next = Float(4).nextUp
    #expect(mismatch([1, -2, 0, next], expected, within: .ulps(1)) == nil)
    #expect(mismatch([1, -2, 0, next.nextUp], expected, within: .ulps(1)) != nil)
    #expect(ulpDistance(next, 4) == 1)
    #expect(ulpDistance(.infinity, 1e300) == 0)
    #expect(ulpDistance(.infinity, 1) == .infinity)
  }

  @Test func exactnessSeesTheSignOfZero() {
    #expect(mismatch([1, -2, 0, 4] as [Float], expected, within: .exact) == nil)
    #expect(mismatch([1, -2, -0.0, 4] as [Float], expected, within: .exact) != nil)
  }

  @Test(arguments: [
    Tolerance.exact, .ulps(4), .elementwise(relative: 1), .scaled(relative: 1, scaled: 1), .frobenius(10),
    .bounds([9, 9, 9, 9]),
  ])
  func notANumberIsNeverClose(_ tolerance: Tolerance) {
    #expect(mismatch([1, -2, 0, .nan] as [Float], expected, within: tolerance) != nil)
    #expect(mismatch([1, -2, 0, .infinity] as [Float], expected, within: tolerance) != nil)
  }

  @Test func frobeniusIsRelativeToTheExpectedNorm() throws {
    let three = ReferenceArray([2], [3.0, 4.0])
    #expect(relativeFrobenius([3, 4.5] as [Double], three.values) == 0.1)
    #expect(mismatch([3, 4.5] as [Double], three, within: .frobenius(0.11)) == nil)
    let message = try #require(mismatch([3, 4.5] as [Double], three, within: .frobenius(0.09)))
    #expect(message.contains("worst at [1]"))
  }

  @Test func shapesAndCountsAreCompared() {
    #expect(mismatch([1] as [Float], expected, within: .frobenius(1)) != nil)
    #expect(mismatch(expected.reshaped([4]), expected, within: .exact) != nil)
  }

  @Test func generatorIsReproducible() {
    // The first outputs of splitmix64 from seed 1234567, as published with its reference implementation.
    var generator = SeededGenerator(seed: 1_234_567)
    #expect(generator.next() == 6_457_827_717_110_365_317)
    #expect(generator.next() == 3_203_168_211_198_807_973)
    let sample = generator.normals([10_000]).values
    let mean = sample.reduce(0, +) / 10_000
    let variance = sample.reduce(0) { $0 + $1 * $1 } / 10_000
    #expect(abs(mean) < 0.03)
    #expect(abs(variance - 1) < 0.05)
  }
}
