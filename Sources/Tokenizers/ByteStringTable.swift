/// Distinct byte strings, numbered from 0 in the order they came, in one flat allocation.
struct ByteStringTable: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = [0]
  /// Open addressing with linear probing; a slot holds the upper half of the hash and the number plus one, 0 when free.
  private var slots: [UInt64]
  private let seed = UInt64.random(in: .min ... .max)

  init(minimumCapacity: Int = 0) {
    var size = 16
    while size < 2 * minimumCapacity { size *= 2 }
    slots = [UInt64](repeating: 0, count: size)
    ends.reserveCapacity(minimumCapacity + 1)
  }

  var count: Int { ends.count - 1 }

  /// The length of byte string `index`.
  func length(at index: Int) -> Int { ends[index + 1] - ends[index] }

  subscript(index: Int) -> ArraySlice<UInt8> { bytes[ends[index]..<ends[index + 1]] }

  /// Appends byte string `index` to `result`.
  @inline(__always)
  func append(_ index: Int, to result: inout [UInt8]) {
    let range = ends[index]..<ends[index + 1]
    bytes.withUnsafeBufferPointer { result.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range])) }
  }

  /// The number of `string`, nil when it is not in the table.
  func index(of string: UnsafeBufferPointer<UInt8>) -> Int? {
    let tag = hash(string)
    let slot = slots[find(string, tag)]
    return slot == 0 ? nil : Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) - 1
  }

  func index(of string: some Collection<UInt8>) -> Int? {
    if let found = string.withContiguousStorageIfAvailable({ index(of: $0) }) { return found }
    return Array(string).withUnsafeBufferPointer { index(of: $0) }
  }

  /// The number of `string`, which is added when the table does not have it.
  mutating func insert(_ string: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let tag = hash(string)
    let place = find(string, tag)
    if slots[place] != 0 { return (Int(truncatingIfNeeded: slots[place] & 0xFFFF_FFFF) - 1, false) }
    let index = count
    precondition(index < Int(Int32.max), "a table of byte strings holds at most \(Int32.max)")
    bytes.append(contentsOf: string)
    ends.append(bytes.count)
    slots[place] = tag & 0xFFFF_FFFF_0000_0000 | UInt64(index + 1)
    if 2 * ends.count > slots.count { grow() }
    return (index, true)
  }

  mutating func insert(_ string: [UInt8]) -> (index: Int, isNew: Bool) {
    string.withUnsafeBufferPointer { insert($0) }
  }

  /// Forgets everything, keeping the memory.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    ends.removeLast(ends.count - 1)
    slots.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: 2 * old.count)
    let mask = slots.count - 1
    for slot in old where slot != 0 {
      // A slot keeps only the upper half of its hash; the lower half, which places it, is recomputed.
      let index = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) - 1
      let start = ends[index]
      let tag = bytes.withUnsafeBufferPointer { hash(UnsafeBufferPointer(rebasing: $0[start..<ends[index + 1]])) }
      var place = Int(truncatingIfNeeded: tag) & mask
      while slots[place] != 0 { place = (place + 1) & mask }
      slots[place] = slot
    }
  }

  /// The slot that holds `string`, or the free one it belongs in.
  @inline(__always)
  private func find(_ string: UnsafeBufferPointer<UInt8>, _ tag: UInt64) -> Int {
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: tag) & mask
    while true {
      let slot = slots[place]
      if slot == 0 { return place }
      if (slot ^ tag) >> 32 == 0, holds(string, Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) - 1) { return place }
      place = (place + 1) & mask
    }
  }

  @inline(__always)
  private func holds(_ string: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
    let start = ends[index]
    let count = string.count
    guard ends[index + 1] - start == count else { return false }
    return bytes.withUnsafeBytes { bytes in
      let raw = UnsafeRawBufferPointer(string)
      var offset = 0
      while offset + 8 <= count {
        let word = bytes.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self)
        if word != raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self) { return false }
        offset += 8
      }
      while offset < count {
        if bytes[start + offset] != raw[offset] { return false }
        offset += 1
      }
      return true
    }
  }

  /// Multiply-fold of eight bytes at a time, as in wyhash, from a seed that differs from run to run: no text can be made
  /// to collide. The seed decides where a string is found, never which number it has.
  @inline(__always)
  private func hash(_ string: UnsafeBufferPointer<UInt8>) -> UInt64 {
    let count = string.count
    var state = seed ^ UInt64(truncatingIfNeeded: count)
    let raw = UnsafeRawBufferPointer(string)
    if count >= 8 {
      var offset = 0
      while offset + 8 < count {
        state = mix(state ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += 8
      }
      return mix(mix(state ^ raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)))
    }
    var tail: UInt64 = 0
    if count >= 4 {
      tail = UInt64(raw.loadUnaligned(as: UInt32.self))
      tail |= UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)) << 32
    } else if count > 0 {
      tail = UInt64(raw[0]) | UInt64(raw[count / 2]) << 8 | UInt64(raw[count - 1]) << 16
    }
    return mix(mix(state ^ tail))
  }

  @inline(__always)
  private func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }
}
