import Kernels
import Numerics
import Support
import Testing

/// Products of operands rounded to bfloat16 as AMX computes them, by the instructions where there are any and by plain arithmetic
/// everywhere.
@Suite struct AMXProductTests {
  private static let cases = ProductCase.rounded.filter { min($0.m, $0.n, $0.k) > 0 }

  private func plain(_ sample: ProductCase, _ a: [Float], _ b: [Float], _ before: [Float]) -> [Float] {
    sample.product(a, b, before) { amxProduct($0, $1, $2, accumulate: sample.accumulate, isNative: false) }
  }

  @Test(arguments: cases) func agreesWithTheTwin(_ sample: ProductCase) {
    let (a, b, before) = sample.inputs(seed: 12)
    sample.expectProduct(plain(sample, a.floats, b.floats, before), of: a, b, before)
  }

  @Test(
    .enabled(if: TileInstructions.chosen == .amx, "there are no instructions to compare with"),
    arguments: cases.filter { $0.m > 1 }, [false, true])
  func instructionsAndPlainArithmeticGiveTheSameBits(_ sample: ProductCase, _ isOrdinary: Bool) {
    let (a, b, before) = sample.numbers(isOrdinary: isOrdinary)
    expectSameBits(sample.product(a, b, before), plain(sample, a, b, before))
  }

  /// Of sixteen pairs the earlier numbers, the later ones, then both: the order in which the instruction is documented to add.
  @Test(arguments: [2, 20, 40], [32, 33, 63, 64, 700])
  func addsPairsInTheirOrder(_ m: Int, _ k: Int) {
    let sample = ProductCase(
      m: m, n: 50, k: k, transposeA: false, transposeB: true, accumulate: false, gap: 0
    ).rounded
    let (a, b, before) = sample.inputs(seed: 13)
    let (left, right) = (a.bfloat16.floats, b.bfloat16.floats)
    func sum(_ row: Int, _ column: Int) -> Float {
      stride(from: 0, to: k, by: 32).reduce(Float(0)) { sum, first in
        var parts: (Float, Float) = (0, 0)
        for step in stride(from: first, to: min(k, first + 32), by: 2) {
          parts.0 = parts.0.addingProduct(left[row * k + step], right[column * k + step])
          guard step + 1 < k else { continue }
          parts.1 = parts.1.addingProduct(left[row * k + step + 1], right[column * k + step + 1])
        }
        return sum + (parts.0 + parts.1)
      }
    }
    let expected = (0..<m).flatMap { row in (0..<50).map { sum(row, $0) } }
    #expect(plain(sample, a.floats, b.floats, before) == expected)
  }

  /// Rows, columns and transposed operands are packed in ways of their own, and few rows have a kernel of their own.
  @Test(arguments: ProductCase.rowCases.filter { $0.precision == .bfloat16 })
  func noRowChangesAnother(_ sample: ProductCase) {
    sample.expectRowsAlone { amxProduct($0, $1, $2, accumulate: false, isNative: false) }
  }

  @Test func subnormalSumsInCStay() {
    let sample = ProductCase(
      m: 16, n: 48, k: 32, transposeA: false, transposeB: false, accumulate: true, gap: 0
    ).rounded
    let before = [Float](repeating: 0x1p-140, count: 16 * 48)
    let zeros = [Float](repeating: 0, count: 48 * 32)
    #expect(plain(sample, zeros, zeros, before) == before)
    #expect(sample.product(zeros, zeros, before) == before)
  }
}
