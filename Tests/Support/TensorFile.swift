import Files
import Foundation

/// The tensors of a safetensors file, as far as the fixtures need them: F32, F64 and I64.
package struct TensorFile: Sendable {
  private struct Entry {
    let kind: String
    let shape: [Int]
    let bytes: Range<Int>
  }

  private let path: String
  private let bytes: [UInt8]
  private let entries: [String: Entry]

  package init(_ url: URL) throws(Failure) {
    path = url.path
    let bytes = try ReadableFile.contents(of: path, area: .data)
    guard bytes.count >= 8 else { throw Failure(.data, "no safetensors file", at: path) }
    let length = (0..<8).reduce(0) { $0 | UInt64(bytes[$1]) << (8 * UInt64($1)) }
    guard length <= UInt64(bytes.count - 8) else { throw Failure(.data, "the header is cut off", at: path) }
    let start = 8 + Int(length)
    let header = try JSONValue.parse(Array(bytes[8..<start]), source: path, area: .data)
    var entries: [String: Entry] = [:]
    for member in header.object ?? [] where member.key != "__metadata__" {
      guard let kind = member.value["dtype"]?.string,
        let shape = member.value["shape"]?.array?.compactMap(\.integer),
        let ends = member.value["data_offsets"]?.array?.compactMap(\.integer), ends.count == 2,
        ends[0] >= 0, ends[0] <= ends[1], ends[1] <= bytes.count - start
      else { throw Failure(.data, "\"\(member.key)\" is not described as a tensor", at: path) }
      entries[member.key] = Entry(kind: kind, shape: shape, bytes: start + ends[0]..<start + ends[1])
    }
    self.bytes = bytes
    self.entries = entries
  }

  package var names: [String] { entries.keys.sorted() }

  /// A tensor of floats or doubles.
  package func array(_ name: String) throws(Failure) -> ReferenceArray {
    let entry = try entry(name)
    switch entry.kind {
    case "F32": return ReferenceArray(entry.shape, words(of: entry, as: UInt32.self).map { Float(bitPattern: $0) })
    case "F64": return ReferenceArray(entry.shape, words(of: entry, as: UInt64.self).map { Double(bitPattern: $0) })
    default: throw Failure(.data, "\"\(name)\" holds \(entry.kind), not floating-point numbers", at: path)
    }
  }

  /// A tensor of integers.
  package func integers(_ name: String) throws(Failure) -> IntegerArray {
    let entry = try entry(name)
    guard entry.kind == "I64" else { throw Failure(.data, "\"\(name)\" holds \(entry.kind), not I64", at: path) }
    return IntegerArray(entry.shape, words(of: entry, as: UInt64.self).map { Int(truncatingIfNeeded: $0) })
  }

  /// All floating-point tensors whose names begin with `prefix`, by the rest of their names.
  package func arrays(prefix: String = "") throws(Failure) -> [String: ReferenceArray] {
    var result: [String: ReferenceArray] = [:]
    for name in names where name.hasPrefix(prefix) {
      result[String(name.dropFirst(prefix.count))] = try array(name)
    }
    return result
  }

  private func entry(_ name: String) throws(Failure) -> Entry {
    guard let entry = entries[name] else { throw Failure(.data, "no tensor \"\(name)\"", at: path) }
    return entry
  }

  /// The little-endian words of a tensor.
  private func words<Word: FixedWidthInteger>(of entry: Entry, as kind: Word.Type) -> [Word] {
    let size = MemoryLayout<Word>.size
    return bytes.withUnsafeBytes { raw in
      stride(from: entry.bytes.lowerBound, to: entry.bytes.upperBound, by: size).map {
        Word(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: Word.self))
      }
    }
  }
}
