import Kernels
import Numerics
import Support
import Testing

/// Products of operands rounded to bfloat16; `MatrixProductTests` compares them with products in double precision.
@Suite struct BFloat16ProductTests {
  @Test(
    .enabled(if: ProductKernels.hasBFloat16Instructions, "there are no instructions to compare with"),
    arguments: ProductCase.rounded.filter { $0.m > 1 && $0.n > 0 && $0.k > 0 }, [false, true])
  func instructionsAndPlainArithmeticGiveTheSameBits(_ sample: ProductCase, _ isOrdinary: Bool) {
    let (a, b, before) = sample.numbers(isOrdinary: isOrdinary)
    let products = [true, false].map { isNative in
      sample.product(a, b, before) {
        bfloat16Product($0, $1, $2, accumulate: sample.accumulate, isNative: isNative)
      }
    }
    expectSameBits(products[0], products[1])
  }

  /// One sum of a product, by every kernel that computes some: of one row, of rows, of columns.
  private func sums(_ a: [Float], _ b: [Float], plus start: Float = 0) -> [Float] {
    [1, 9].flatMap { m in
      [false, true].flatMap { transposeA in
        [false, true].map { transposeB in
          let sample = ProductCase(
            m: m, n: 50, k: a.count, transposeA: transposeA, transposeB: transposeB, accumulate: true, gap: 0
          ).rounded
          func repeated(_ x: [Float], _ count: Int, _ isAcross: Bool) -> [Float] {
            isAcross
              ? x.flatMap { [Float](repeating: $0, count: count) } : (0..<count).flatMap { _ in x }
          }
          let c = sample.product(
            repeated(a, m, transposeA), repeated(b, 50, !transposeB), [Float](repeating: start, count: m * 50))
          #expect(Set(c.map(\.bitPattern)).count == 1)
          return c[0]
        }
      }
    }
  }

  @Test func roundsToTheNearestAndTiesToEven() {
    // 1 + 2^-8 lies between 1 and 1 + 2^-7, 1 + 3 * 2^-8 between 1 + 2^-7 and 1 + 2^-6.
    for (x, rounded) in [(1 + 0x1p-8, 1), (1 + 0x3p-8, 1 + 0x1p-6), (1 + 0x1.01p-8, 1 + 0x1p-7), (-1 - 0x1p-8, -1)]
      as [(Float, Float)]
    {
      #expect(sums([x], [1]).allSatisfy { $0 == rounded }, "\(x)")
      #expect(sums([2], [x]).allSatisfy { $0 == 2 * rounded }, "\(x)")
      #expect(sums([0, 0, x], [1, 1, 1]).allSatisfy { $0 == rounded }, "\(x)")
    }
    #expect(sums([.greatestFiniteMagnitude], [1]).allSatisfy { $0 == .infinity })
  }

  @Test func takesSubnormalOperandsForZero() {
    #expect(sums([0x1p-127], [0x1p127]).allSatisfy { $0 == 0 })
    #expect(sums([0x1p-126], [0x1p126]).allSatisfy { $0 == 1 })
    // What is in C already has 32 bits.
    #expect(sums([0], [1], plus: 0x1p-140).allSatisfy { $0 == 0x1p-140 })
  }

  @Test func whatIsNoNumberStaysNone() {
    #expect(sums([.nan, 1], [1, 1]).allSatisfy { $0.isNaN })
    #expect(sums([1, 1, .infinity], [1, 1, 0]).allSatisfy { $0.isNaN })
    #expect(sums([1, 1, .infinity], [1, 1, 1]).allSatisfy { $0 == .infinity })
    // Bits that are lost must not make infinity of it.
    #expect(sums([Float(bitPattern: 0x7F80_0001)], [1]).allSatisfy { $0.isNaN })
  }

  /// 1 and 2^-20 are bfloat16 numbers, their sum is none: it must not be rounded on the way.
  @Test func sumsHave32Bits() {
    #expect(sums([1, 0x1p-20, 0, 0x1p-22], [1, 1, 1, 1]).allSatisfy { $0 == 1 + 0x1p-20 + 0x1p-22 })
  }
}
