// The blocks that ggml quantises rows of weights into: a scale, sometimes an offset, and a few bits a weight
// (github.com/ggml-org/ggml, src/ggml-quants.c). Numbers are computed in the order of operations of ggml's reference code, in
// single precision.

extension WeightFormat {
  @inlinable @inline(__always)
  static func half(_ bytes: UnsafePointer<UInt8>) -> Float {
    Binary16(bits: UInt16(bytes[0]) | UInt16(bytes[1]) << 8).value
  }

  @inlinable @inline(__always)
  static func store(_ bits: UInt16, _ bytes: UnsafeMutablePointer<UInt8>) {
    bytes[0] = UInt8(truncatingIfNeeded: bits)
    bytes[1] = UInt8(truncatingIfNeeded: bits >> 8)
  }

  // MARK: Blocks of 32

  @inlinable @inline(__always)
  static func decodeQ80(_ block: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>) {
    let scale = half(block)
    for index in 0..<32 { weights[index] = Float(Int8(bitPattern: block[2 &+ index])) * scale }
  }

  @inlinable @inline(__always)
  static func decodeQ40(_ block: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>) {
    decodeNibbles(block + 2, weights, scale: half(block), middle: 8, offset: 0)
  }

  @inlinable @inline(__always)
  static func decodeQ41(_ block: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>) {
    decodeNibbles(block + 4, weights, scale: half(block), middle: 0, offset: half(block + 2))
  }

  @inlinable @inline(__always)
  static func decodeQ50(_ block: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>) {
    decodeFiveBits(block + 6, high: block + 2, weights, scale: half(block), middle: 16, offset: 0)
  }

  @inlinable @inline(__always)
  static func decodeQ51(_ block: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>) {
    decodeFiveBits(block + 8, high: block + 4, weights, scale: half(block), middle: 0, offset: half(block + 2))
  }

  /// The lower halves of the bytes are the first 16 weights.
  @inlinable @inline(__always)
  static func decodeNibbles(
    _ bytes: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>, scale: Float, middle: Int8, offset: Float
  ) {
    for index in 0..<16 {
      weights[index] = Float(Int8(bitPattern: bytes[index] & 15) &- middle) * scale + offset
      weights[index &+ 16] = Float(Int8(bitPattern: bytes[index] &>> 4) &- middle) * scale + offset
    }
  }

  /// The same with a fifth bit for each weight in the four bytes at `high`.
  @inlinable @inline(__always)
  static func decodeFiveBits(
    _ bytes: UnsafePointer<UInt8>, high: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>, scale: Float,
    middle: Int8, offset: Float
  ) {
    let fifth = UInt32(littleEndian: UnsafeRawPointer(high).loadUnaligned(as: UInt32.self))
    for index in 0..<16 {
      let low = UInt32(bytes[index] & 15) | (fifth &>> UInt32(truncatingIfNeeded: index) & 1) &<< 4
      let top = UInt32(bytes[index] &>> 4) | (fifth &>> UInt32(truncatingIfNeeded: index &+ 16) & 1) &<< 4
      weights[index] = Float(Int8(truncatingIfNeeded: low) &- middle) * scale + offset
      weights[index &+ 16] = Float(Int8(truncatingIfNeeded: top) &- middle) * scale + offset
    }
  }

  /// A scale such that the largest magnitude is 127 (ggml's `quantize_row_q8_0_ref`).
  @inlinable @inline(__always)
  static func encodeQ80(_ weights: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) -> Bool {
    var largest: Float = 0
    for index in 0..<32 { largest = max(largest, abs(weights[index])) }
    let scale = largest / 127
    let inverse = scale == 0 ? 0 : 1 / scale
    let half = Binary16(nearest: scale)
    store(half.bits, block)
    for index in 0..<32 {
      let rounded = (weights[index] * inverse).rounded(.toNearestOrAwayFromZero)
      block[2 &+ index] = UInt8(bitPattern: Int8(max(-127, min(127, rounded))))
    }
    return half.value.isFinite && areFinite(weights)
  }

  /// A scale such that the first weight of the largest magnitude is -8 (ggml's `quantize_row_q4_0_ref`).
  @inlinable @inline(__always)
  static func encodeQ40(_ weights: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) -> Bool {
    var extreme: Float = 0
    for index in 0..<32 where abs(extreme) < abs(weights[index]) { extreme = weights[index] }
    let scale = extreme / -8
    let inverse = scale == 0 ? 0 : 1 / scale
    let half = Binary16(nearest: scale)
    store(half.bits, block)
    for index in 0..<16 {
      block[2 &+ index] = nibble(weights[index] * inverse) | nibble(weights[index &+ 16] * inverse) &<< 4
    }
    return half.value.isFinite && areFinite(weights)
  }

  /// The nearest of the numbers -8...7, plus 8; its argument is one of -8...8.
  @inlinable @inline(__always)
  static func nibble(_ value: Float) -> UInt8 { UInt8(max(0, min(15, value + 8.5))) }

  @inlinable @inline(__always)
  static func areFinite(_ weights: UnsafePointer<Float>) -> Bool {
    var largest: UInt32 = 0
    for index in 0..<32 { largest = max(largest, weights[index].bitPattern & 0x7FFF_FFFF) }
    return largest < 0x7F80_0000
  }

  // MARK: Blocks of 256

  @inlinable @inline(__always)
  static func decodeQ4K(_ block: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>) {
    decodeK(block, low: block + 16, high: nil, weights)
  }

  @inlinable @inline(__always)
  static func decodeQ5K(_ block: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>) {
    decodeK(block, low: block + 48, high: block + 16, weights)
  }

  /// Eight groups, whose scales and minima have six bits each; `high` has a fifth bit for each weight.
  @inlinable @inline(__always)
  static func decodeK(
    _ block: UnsafePointer<UInt8>, low: UnsafePointer<UInt8>, high: UnsafePointer<UInt8>?,
    _ weights: UnsafeMutablePointer<Float>
  ) {
    let (scale, minimum) = (half(block), half(block + 2))
    for group in 0..<8 {
      let (factor, least) = sixBits(block + 4, group)
      let (step, base) = (scale * Float(factor), minimum * Float(least))
      let (bytes, weights) = (low + group / 2 &* 32, weights + group &* 32)
      let shift = UInt8(truncatingIfNeeded: group & 1) &* 4
      for index in 0..<32 {
        var value = bytes[index] &>> shift & 15
        if let high { value |= (high[index] &>> UInt8(truncatingIfNeeded: group) & 1) &<< 4 }
        weights[index] = step * Float(value) - base
      }
    }
  }

  /// The scale and the minimum of a group among twelve packed bytes.
  @inlinable @inline(__always)
  static func sixBits(_ bytes: UnsafePointer<UInt8>, _ group: Int) -> (scale: UInt8, minimum: UInt8) {
    if group < 4 { return (bytes[group] & 63, bytes[group + 4] & 63) }
    return (
      bytes[group + 4] & 15 | (bytes[group - 4] &>> 6) &<< 4, bytes[group + 4] &>> 4 | (bytes[group] &>> 6) &<< 4
    )
  }

  /// Six bits a weight: four in `low`, two in `high`, with a signed scale for every sixteen.
  @inlinable @inline(__always)
  static func decodeQ6K(_ block: UnsafePointer<UInt8>, _ weights: UnsafeMutablePointer<Float>) {
    let scale = half(block + 208)
    for part in 0..<2 {
      let (low, high, scales) = (block + part * 64, block + 128 + part * 32, block + 192 + part * 8)
      for sixteen in 0..<8 {
        let (quarter, first) = (sixteen / 2, sixteen % 2 &* 16)
        let (bytes, high) = (low + (quarter & 1) &* 32 + first, high + first)
        let weights = weights + part &* 128 + sixteen &* 16
        let factor = Float(Int8(bitPattern: scales[sixteen]))
        let (lowShift, highShift) = (UInt8(quarter < 2 ? 0 : 4), UInt8(truncatingIfNeeded: 2 &* quarter))
        for index in 0..<16 {
          let bits = bytes[index] &>> lowShift & 15 | (high[index] &>> highShift & 3) &<< 4
          weights[index] = scale * factor * Float(Int8(bitPattern: bits) &- 32)
        }
      }
    }
  }
}
