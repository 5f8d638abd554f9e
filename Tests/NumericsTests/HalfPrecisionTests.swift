import Numerics
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
      exponentBits: 5, widen: { Binary16(bits: $0).value }, narrow: { Binary16(nearest: $0).bits }),
    Format(
      exponentBits: 8, widen: { BFloat16(bits: $0).value }, narrow: { BFloat16(nearest: $0).bits }),
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
    #expect(Binary16(nearest: 65504).bits == 0x7BFF)
    #expect(Binary16(nearest: Float(65520).nextDown).bits == 0x7BFF)
    #expect(Binary16(nearest: 65520).bits == 0x7C00)
    #expect(Binary16(nearest: -1e30).bits == 0xFC00)
    #expect(BFloat16(nearest: .greatestFiniteMagnitude).bits == 0x7F80)
    #expect(Binary16(nearest: 1e-30).bits == 0)
    #expect(Binary16(nearest: -1e-30).bits == 0x8000)
  }
}
