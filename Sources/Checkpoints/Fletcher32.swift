/// HDF5's checksum of a chunk (`H5_checksum_fletcher32`): the sum of its 16-bit words and the sum of those sums, modulo 65535.
///
/// HDF5 reads the words big-endian. They are read little-endian here: 2^16 is 1 modulo 65535, so that multiplies both sums
/// by 2^8, which swaps their bytes.
package struct Fletcher32 {
  private static let modulus: UInt64 = 65535
  /// Pairs of words that are summed in 32 bits before anything is reduced.
  private static let blockPairs = 128

  private var sum: UInt64 = 0
  private var weighted: UInt64 = 0
  private var isZero = true

  package init() {}

  /// Adds bytes, of which only the last piece may have an odd number.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    let pairs = bytes.count / 4
    for first in stride(from: 0, to: pairs, by: Self.blockPairs) {
      add(pairs: min(Self.blockPairs, pairs - first), at: start + 4 * first)
    }
    var place = 4 * pairs
    if place + 2 <= bytes.count {
      add(word: UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt16.self)))
      place += 2
    }
    if place < bytes.count { add(word: UInt16(bytes[place])) }
  }

  /// Every word counts as often as there are words from it to the end: twice as often as there are pairs, but the second word
  /// of a pair once less.
  private mutating func add(pairs count: Int, at start: UnsafeRawPointer) {
    var (total, inOrder, second): (UInt32, UInt32, UInt32) = (0, 0, 0)
    for index in 0..<count {
      let pair = UInt32(littleEndian: start.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
      let both = (pair & 0xFFFF) &+ (pair >> 16)
      total &+= both
      inOrder &+= UInt32(truncatingIfNeeded: count &- index) &* both
      second &+= pair >> 16
    }
    isZero = isZero && total == 0
    weighted = (weighted + UInt64(2 * count) * sum + 2 * UInt64(inOrder) - UInt64(second)) % Self.modulus
    sum = (sum + UInt64(total)) % Self.modulus
  }

  private mutating func add(word: UInt16) {
    isZero = isZero && word == 0
    sum = (sum + UInt64(word)) % Self.modulus
    weighted = (weighted + sum) % Self.modulus
  }

  /// Both sums; folding the carries leaves 65535 for 0 unless every word was 0.
  private var sums: (sum: UInt16, weighted: UInt16) {
    if isZero { return (0, 0) }
    return (sum == 0 ? 0xFFFF : UInt16(sum), weighted == 0 ? 0xFFFF : UInt16(weighted))
  }

  /// The checksum of everything added.
  package var value: UInt32 { UInt32(sums.weighted.byteSwapped) << 16 | UInt32(sums.sum.byteSwapped) }

  /// Whether a file's checksum is that of everything added: as HDF5 writes it, or as its versions before 1.6.3 did on
  /// little-endian machines, which HDF5 takes too.
  package func matches(_ stored: UInt32) -> Bool {
    stored == value || stored == UInt32(sums.weighted) << 16 | UInt32(sums.sum)
  }
}
