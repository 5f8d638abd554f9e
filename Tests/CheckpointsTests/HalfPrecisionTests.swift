import Checkpoints
import Testing

/// The value of a 16-bit float by its definition.
private func value(_ bits: UInt16, exponentBits: Int) -> Double {
  let fractionBits = 15 - exponentBits
  let exponent = Int(bits & 0x7FFF) >> fractionBits
  let fraction = Double(Int(bits) & ((1 << fractionBits) - 1)) / Double(1 << fractionBits)
  let bias = 1 << (exponentBits - 1) - 1
  let sign = bits & 0x8000 == 0 ? 1.0 : -1.0
  if exponent == (1 << exponentBits) - 1 { return fraction == 0 ? sign * .infinity : .nan }
  func power(_ n: Int) -> Double { Double(sign: .plus, exponent: n, significand: 1) }
  return sign * (exponent == 0 ? fraction * power(1 - bias) : (1 + fraction) * power(exponent - bias))
}

struct HalfPrecisionTests {
  private struct Format: Sendable {
    let exponentBits: Int
    let widen: @Sendable (UInt16) -> Float
    let narrow: @Sendable (Float) -> UInt16
  }

  private static let formats = [
    Format(
      exponentBits: 5, widen: { HalfPrecision.float(fromBinary16: $0) }, narrow: { HalfPrecision.binary16($0) }),
    Format(
      exponentBits: 8, widen: { HalfPrecision.float(fromBFloat16: $0) }, narrow: { HalfPrecision.bfloat16($0) }),
  ]

  @Test func everyPatternHasItsValueAndComesBack() {
    for format in Self.formats {
      for bits in UInt16.min...UInt16.max {
        let expected = value(bits, exponentBits: format.exponentBits)
        let widened = format.widen(bits)
        if expected.isNaN {
          #expect(widened.isNaN && format.widen(format.narrow(widened)).isNaN)
        } else if Double(widened).bitPattern != expected.bitPattern || format.narrow(widened) != bits {
          Issue.record("\(bits): \(widened) instead of \(expected), back \(format.narrow(widened))")
        }
      }
    }
  }

  /// Between two neighbours the nearer one wins, in the middle the one with an even last bit.
  @Test func narrowingRoundsToNearestEven() {
    for format in Self.formats {
      let infinity = UInt16((1 << format.exponentBits - 1) << (15 - format.exponentBits))
      for bits in 0..<(infinity - 1) {
        let (low, high) = (format.widen(bits), format.widen(bits + 1))
        let middle = low + (high - low) / 2
        let even = bits & 1 == 0 ? bits : bits + 1
        if format.narrow(middle) != even || format.narrow(middle.nextDown) != bits
          || format.narrow(middle.nextUp) != bits + 1 || format.narrow(-middle) != even | 0x8000
        {
          Issue.record("between \(low) and \(high)")
        }
      }
    }
  }

  @Test func tooLargeBecomesInfinity() {
    #expect(HalfPrecision.binary16(65504) == 0x7BFF)
    #expect(HalfPrecision.binary16(Float(65520).nextDown) == 0x7BFF)
    #expect(HalfPrecision.binary16(65520) == 0x7C00)
    #expect(HalfPrecision.binary16(-1e30) == 0xFC00)
    #expect(HalfPrecision.bfloat16(.greatestFiniteMagnitude) == 0x7F80)
    #expect(HalfPrecision.binary16(1e-30) == 0)
    #expect(HalfPrecision.binary16(-1e-30) == 0x8000)
  }
}
