/// How the numbers of a matrix of weights are stored: as floats, or in the blocks that ggml quantises rows into. Rows are whole
/// blocks.
public enum WeightFormat: String, Sendable, CaseIterable {
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case q80 = "Q8_0"
  case q40 = "Q4_0"
  case q41 = "Q4_1"
  case q50 = "Q5_0"
  case q51 = "Q5_1"
  case q4K = "Q4_K"
  case q5K = "Q5_K"
  case q6K = "Q6_K"

  /// The numbers of a block; one for floats.
  @inlinable
  public var blockCount: Int {
    switch self {
    case .float32, .float16, .bfloat16: 1
    case .q80, .q40, .q41, .q50, .q51: 32
    case .q4K, .q5K, .q6K: 256
    }
  }

  /// The bytes of a block.
  @inlinable
  public var blockSize: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .q80: 34
    case .q40: 18
    case .q41: 20
    case .q50: 22
    case .q51: 24
    case .q4K: 144
    case .q5K: 176
    case .q6K: 210
    }
  }

  /// Whether a row of `count` numbers can be stored.
  public func fits(_ count: Int) -> Bool { count.isMultiple(of: blockCount) }

  /// The bytes of a row of `count` numbers, which fits.
  @inlinable
  public func size(of count: Int) -> Int { count / blockCount * blockSize }

  /// Whether floats can be stored in it; the others are only read.
  public var isWritten: Bool {
    switch self {
    case .float32, .float16, .bfloat16, .q80, .q40: true
    case .q41, .q50, .q51, .q4K, .q5K, .q6K: false
    }
  }

  /// Computes the numbers of some blocks. Little-endian bytes, as on this machine.
  @inlinable @inline(__always)
  public func decode(
    _ bytes: UnsafePointer<UInt8>, blocks: Int, into weights: UnsafeMutablePointer<Float>
  ) {
    switch self {
    case .float32: UnsafeMutableRawPointer(weights).copyMemory(from: bytes, byteCount: 4 * blocks)
    case .float16: for index in 0..<blocks { weights[index] = Self.half(bytes + 2 * index) }
    case .bfloat16:
      for index in 0..<blocks {
        let bits = UnsafeRawPointer(bytes).loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self)
        weights[index] = BFloat16(bits: bits).value
      }
    // A loop for each, so that the compiler makes vectors of each.
    case .q80: for block in 0..<blocks { Self.decodeQ80(bytes + 34 * block, weights + 32 * block) }
    case .q40: for block in 0..<blocks { Self.decodeQ40(bytes + 18 * block, weights + 32 * block) }
    case .q41: for block in 0..<blocks { Self.decodeQ41(bytes + 20 * block, weights + 32 * block) }
    case .q50: for block in 0..<blocks { Self.decodeQ50(bytes + 22 * block, weights + 32 * block) }
    case .q51: for block in 0..<blocks { Self.decodeQ51(bytes + 24 * block, weights + 32 * block) }
    case .q4K: for block in 0..<blocks { Self.decodeQ4K(bytes + 144 * block, weights + 256 * block) }
    case .q5K: for block in 0..<blocks { Self.decodeQ5K(bytes + 176 * block, weights + 256 * block) }
    case .q6K: for block in 0..<blocks { Self.decodeQ6K(bytes + 210 * block, weights + 256 * block) }
    }
  }

  /// Stores floats as some blocks of a format that `isWritten`, each rounded as ggml does it.
  ///
  /// - Returns: whether all of them can be stored: one that is infinite or no number, or that its format cannot reach, spoils its
  ///   whole block.
  @inlinable @inline(__always) @discardableResult
  public func encode(
    _ weights: UnsafePointer<Float>, blocks: Int, into bytes: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    var isFinite = true
    switch self {
    case .float32:
      UnsafeMutableRawPointer(bytes).copyMemory(from: weights, byteCount: 4 * blocks)
      for index in 0..<blocks { isFinite = isFinite && weights[index].isFinite }
    case .float16:
      for index in 0..<blocks {
        let half = Binary16(nearest: weights[index])
        Self.store(half.bits, bytes + 2 * index)
        isFinite = isFinite && half.value.isFinite
      }
    case .bfloat16:
      for index in 0..<blocks {
        let half = BFloat16(nearest: weights[index])
        Self.store(half.bits, bytes + 2 * index)
        isFinite = isFinite && half.value.isFinite
      }
    case .q80:
      for block in 0..<blocks {
        isFinite = Self.encodeQ80(weights + 32 * block, bytes + 34 * block) && isFinite
      }
    case .q40:
      for block in 0..<blocks {
        isFinite = Self.encodeQ40(weights + 32 * block, bytes + 18 * block) && isFinite
      }
    case .q41, .q50, .q51, .q4K, .q5K, .q6K: preconditionFailure("\(rawValue) is only read")
    }
    return isFinite
  }
}
