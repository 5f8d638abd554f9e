import Numerics
import Testing

/// The numbers that CPython 3.11 draws.
@Suite struct MersenneTwisterTests {
  @Test func bits() {
    var generator = MersenneTwister(seed: 1234)
    #expect((0..<4).map { _ in generator.next() } == [4_150_886_329, 3_342_196_574, 1_892_932_127, 501_869_158])
    for _ in 0..<1000 { _ = generator.next() }
    #expect(generator.next() == 899_280_268)
  }

  @Test func seedsOfTwoWords() {
    var generator = MersenneTwister(seed: 30_064_771_077)
    #expect((0..<3).map { _ in generator.uniform() } == [0.33181616794025415, 0.37590596856960556, 0.2994391798649376])
  }

  /// Few of many, many of few, and the sizes at which Python changes between its two ways.
  @Test(arguments: [
    (3, 10, [7, 1, 0]),
    (5, 1000, [989, 796, 451, 119, 7]),
    (5, 21, [14, 3, 0, 2, 1]),
    (5, 22, [14, 3, 0, 2, 18]),
    (6, 85, [56, 14, 0, 11, 74, 4]),
    (6, 86, [56, 14, 0, 11, 74, 4]),
    (
      30, 40,
      [28, 7, 0, 5, 2, 36, 6, 22, 15, 37, 30, 25, 29, 11, 20, 19, 31, 24, 14, 4, 35, 34, 3, 27, 23, 21, 17, 1, 10, 8]
    ),
    (6, 5153, [3610, 957, 61, 742, 4769, 286]),
    (22, 277, [225, 59, 3, 46, 17, 42, 50, 181, 121, 8, 15, 267, 177, 247, 237, 76, 273, 93, 58, 7, 249, 127]),
    (22, 278, [225, 59, 3, 46, 17, 42, 50, 181, 121, 8, 15, 177, 247, 237, 76, 93, 58, 7, 257, 249, 127, 33]),
  ])
  func samples(count: Int, population: Int, expected: [Int]) {
    var generator = MersenneTwister(seed: 1234)
    #expect(generator.sample(count, of: population) == expected)
  }
}
