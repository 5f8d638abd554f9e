/// Pairs of tokens, numbered from 0 in the order they came.
struct PairTable: Sendable {
  private var keys: [UInt64] = []
  /// Open addressing with linear probing; a slot holds a number plus one, 0 when free.
  private var slots: [Int32]

  init(minimumCapacity: Int = 0) {
    var size = 16
    while size < 2 * minimumCapacity { size *= 2 }
    slots = [Int32](repeating: 0, count: size)
    keys.reserveCapacity(minimumCapacity)
  }

  var count: Int { keys.count }

  subscript(index: Int) -> (left: Int32, right: Int32) {
    let key = keys[index]
    return (Int32(truncatingIfNeeded: key >> 32), Int32(truncatingIfNeeded: key))
  }

  /// The number of the pair, nil when it is not in the table.
  @inline(__always)
  func index(of left: Int32, _ right: Int32) -> Int? {
    let slot = slots[find(Self.key(left, right))]
    return slot == 0 ? nil : Int(slot) - 1
  }

  /// The number of the pair, which is added when the table does not have it.
  mutating func insert(_ left: Int32, _ right: Int32) -> (index: Int, isNew: Bool) {
    let key = Self.key(left, right)
    let place = find(key)
    if slots[place] != 0 { return (Int(slots[place]) - 1, false) }
    precondition(keys.count < Int(Int32.max) - 1, "a table of pairs holds at most \(Int32.max)")
    keys.append(key)
    slots[place] = Int32(keys.count)
    if 2 * keys.count > slots.count { grow() }
    return (keys.count - 1, true)
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: 2 * slots.count)
    for (index, key) in keys.enumerated() { slots[find(key)] = Int32(index + 1) }
  }

  @inline(__always)
  private func find(_ key: UInt64) -> Int {
    let mask = slots.count - 1
    let product = key.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    var place = Int(truncatingIfNeeded: product.high ^ product.low) & mask
    while slots[place] != 0, keys[Int(slots[place]) - 1] != key { place = (place + 1) & mask }
    return place
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}
