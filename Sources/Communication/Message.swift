/// Numbers and words as the bytes in which ranks send them, read in the order in which they were appended.
///
/// All ranks run the same program, so that neither kinds nor byte order are written down.
package struct Message {
  package private(set) var bytes: [UInt8]
  private var position = 0

  package init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  package mutating func append(_ number: Int) { append(bits: UInt64(bitPattern: Int64(number))) }

  package mutating func append(_ number: Double) { append(bits: number.bitPattern) }

  package mutating func append(_ text: String) {
    append(text.utf8.count)
    bytes += text.utf8
  }

  /// Appends flags, eight to a byte.
  package mutating func append(_ flags: [Bool]) {
    for start in stride(from: 0, to: flags.count, by: 8) {
      bytes.append(flags[start..<min(flags.count, start + 8)].reversed().reduce(0) { $0 << 1 | ($1 ? 1 : 0) })
    }
  }

  private mutating func append(bits: UInt64) {
    withUnsafeBytes(of: bits.littleEndian) { bytes += $0 }
  }

  package mutating func integer() -> Int { Int(Int64(bitPattern: bits())) }

  package mutating func double() -> Double { Double(bitPattern: bits()) }

  package mutating func string() -> String {
    let count = integer()
    precondition(count >= 0 && position + count <= bytes.count, "a message of \(bytes.count) bytes ends too early")
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }

  package mutating func flags(_ count: Int) -> [Bool] {
    precondition(position + (count + 7) / 8 <= bytes.count, "a message of \(bytes.count) bytes ends too early")
    defer { position += (count + 7) / 8 }
    return (0..<count).map { index in bytes[position + index / 8] & (1 << UInt8(index % 8)) != 0 }
  }

  private mutating func bits() -> UInt64 {
    precondition(position + 8 <= bytes.count, "a message of \(bytes.count) bytes ends too early")
    defer { position += 8 }
    return bytes[position..<position + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
