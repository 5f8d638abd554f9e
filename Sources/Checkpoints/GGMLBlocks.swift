import Numerics

/// The blocks that ggml quantises rows of weights into: a scale, sometimes an offset, and a few bits a weight
/// (github.com/ggml-org/ggml, src/ggml-quants.c). Weights are computed in the order of operations of ggml's reference
/// code, in single precision.
enum GGMLBlocks: String {
  case q80 = "Q8_0"
  case q40 = "Q4_0"
  case q41 = "Q4_1"
  case q50 = "Q5_0"
  case q51 = "Q5_1"
  case q4K = "Q4_K"
  case q5K = "Q5_K"
  case q6K = "Q6_K"

  /// Decodes a block, which fills `weights` from its beginning.
  @inline(__always)
  func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
    switch self {
    case .q80: Self.decodeBytes(block, weights)
    case .q40: Self.decodeNibbles(block + 2, weights, scale: Self.half(block), middle: 8, offset: 0)
    case .q41: Self.decodeNibbles(block + 4, weights, scale: Self.half(block), middle: 0, offset: Self.half(block + 2))
    case .q50:
      Self.decodeFiveBits(block + 6, high: block + 2, weights, scale: Self.half(block), middle: 16, offset: 0)
    case .q51:
      Self.decodeFiveBits(
        block + 8, high: block + 4, weights, scale: Self.half(block), middle: 0, offset: Self.half(block + 2))
    case .q4K: Self.decodeK(block, low: block + 16, high: nil, weights)
    case .q5K: Self.decodeK(block, low: block + 48, high: block + 16, weights)
    case .q6K: Self.decodeSixBits(block, weights)
    }
  }

  @inline(__always)
  private static func half(_ bytes: UnsafePointer<UInt8>) -> Float {
    Binary16(bits: UInt16(bytes[0]) | UInt16(bytes[1]) << 8).value
  }

  @inline(__always)
  private static func decodeBytes(_ block: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>) {
    let scale = half(block)
    for index in 0..<32 { weights[index] = Float(Int8(bitPattern: block[2 + index])) * scale }
  }

  /// 32 weights; the lower halves of the bytes are the first 16 of them.
  @inline(__always)
  private static func decodeNibbles(
    _ bytes: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>, scale: Float, middle: Int32, offset: Float
  ) {
    for index in 0..<16 {
      weights[index] = Float(Int32(bytes[index] & 15) - middle) * scale + offset
      weights[index + 16] = Float(Int32(bytes[index] >> 4) - middle) * scale + offset
    }
  }

  /// The same with a fifth bit for each weight in the four bytes at `high`.
  @inline(__always)
  private static func decodeFiveBits(
    _ bytes: UnsafePointer<UInt8>, high: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>, scale: Float,
    middle: Int32, offset: Float
  ) {
    let fifth = (0..<4).reduce(UInt32(0)) { $0 | UInt32(high[$1]) << UInt32(8 * $1) }
    for index in 0..<16 {
      let low = UInt32(bytes[index] & 15) | (fifth >> UInt32(index) & 1) << 4
      let top = UInt32(bytes[index] >> 4) | (fifth >> UInt32(index + 16) & 1) << 4
      weights[index] = Float(Int32(low) - middle) * scale + offset
      weights[index + 16] = Float(Int32(top) - middle) * scale + offset
    }
  }

  /// 256 weights in eight groups, whose scales and minima have six bits each; `high` has a fifth bit for each weight.
  @inline(__always)
  private static func decodeK(
    _ block: UnsafePointer<UInt8>, low: UnsafePointer<UInt8>, high: UnsafePointer<UInt8>?,
    _ weights: UnsafeMutablePointer<Float>
  ) {
    let (scale, minimum) = (half(block), half(block + 2))
    for group in 0..<8 {
      let (factor, least) = sixBits(block + 4, group)
      let (step, base) = (scale * Float(factor), minimum * Float(least))
      let bytes = low + group / 2 * 32
      for index in 0..<32 {
        var value = group & 1 == 0 ? bytes[index] & 15 : bytes[index] >> 4
        if let high { value |= (high[index] >> UInt8(group) & 1) << 4 }
        weights[group * 32 + index] = step * Float(value) - base
      }
    }
  }

  /// The scale and the minimum of a group among twelve packed bytes.
  @inline(__always)
  private static func sixBits(_ bytes: UnsafePointer<UInt8>, _ group: Int) -> (scale: UInt8, minimum: UInt8) {
    if group < 4 { return (bytes[group] & 63, bytes[group + 4] & 63) }
    return (
      bytes[group + 4] & 15 | (bytes[group - 4] >> 6) << 4, bytes[group + 4] >> 4 | (bytes[group] >> 6) << 4
    )
  }

  /// 256 weights of six bits: four in `low`, two in `high`, with a signed scale for every sixteen.
  @inline(__always)
  private static func decodeSixBits(_ block: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>) {
    let scale = half(block + 208)
    for part in 0..<2 {
      let (low, high, scales) = (block + part * 64, block + 128 + part * 32, block + 192 + part * 8)
      for quarter in 0..<4 {
        for index in 0..<32 {
          let byte = low[index + (quarter & 1) * 32]
          let bits = (quarter < 2 ? byte & 15 : byte >> 4) | (high[index] >> UInt8(2 * quarter) & 3) << 4
          let factor = Int8(bitPattern: scales[index / 16 + 2 * quarter])
          weights[part * 128 + quarter * 32 + index] = scale * Float(factor) * Float(Int32(bits) - 32)
        }
      }
    }
  }

  /// Appends 32 weights as a block of Q8_0.
  static func appendQ80(_ weights: UnsafePointer<Float>, to bytes: inout [UInt8]) {
    var largest: Float = 0
    for index in 0..<32 { largest = max(largest, abs(weights[index])) }
    let scale = largest / 127
    let inverse = scale == 0 ? 0 : 1 / scale
    let bits = Binary16(nearest: scale).bits
    bytes.append(UInt8(truncatingIfNeeded: bits))
    bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
    for index in 0..<32 {
      let rounded = (weights[index] * inverse).rounded(.toNearestOrAwayFromZero)
      bytes.append(UInt8(bitPattern: Int8(max(-127, min(127, rounded)))))
    }
  }
}
