import Files

/// The layout of a token shard: llm.c's header of 256 little-endian `Int32` and the tokens, or nanoGPT's bare tokens.
package struct ShardLayout: Equatable, Sendable {
  /// Bytes a token takes: 2 (`UInt16`) or 4 (`UInt32`), little-endian.
  package let tokenWidth: Int
  /// Bytes before the first token.
  package let headerLength: Int

  /// llm.c's version 1: magic 20240520, `UInt16` (GPT-2).
  static let version1 = ShardLayout(tokenWidth: 2, headerLength: 1024)
  /// llm.c's version 7: magic 20240801, `UInt32` (Llama 3).
  static let version7 = ShardLayout(tokenWidth: 4, headerLength: 1024)
  /// nanoGPT's: `UInt16` without a header.
  static let uint16 = ShardLayout(tokenWidth: 2, headerLength: 0)

  /// The layout that shards for a vocabulary are written in.
  init(vocabularySize: Int) {
    self = vocabularySize <= 1 << 16 ? .version1 : .version7
  }

  private init(tokenWidth: Int, headerLength: Int) {
    self.tokenWidth = tokenWidth
    self.headerLength = headerLength
  }

  static let magicVersion1: Int32 = 20_240_520
  static let magicVersion7: Int32 = 20_240_801

  /// The header of a shard that holds `count` tokens.
  func header(count: Int) -> [UInt8] {
    let (magic, version) = tokenWidth == 2 ? (Self.magicVersion1, Int32(1)) : (Self.magicVersion7, Int32(7))
    var words = [Int32](repeating: 0, count: headerLength / 4)
    (words[0], words[1], words[2]) = (magic, version, Int32(count))
    return words.flatMap { word in withUnsafeBytes(of: word.littleEndian, Array.init) }
  }

  /// Whether a file that begins with `bytes` carries one of llm.c's magic numbers.
  package static func isShard(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 4 else { return false }
    let magic = word(0, of: bytes)
    return magic == magicVersion1 || magic == magicVersion7
  }

  /// The layout and the number of tokens of an open file, checked against its length.
  static func read(_ file: borrowing ReadableFile) throws(Failure) -> (layout: ShardLayout, count: Int) {
    guard file.count >= 1024 else {
      throw Failure(
        .data, "the shard's header is cut off", at: file.path,
        notes: ["expected at least 1024 bytes, found \(file.count)", "write the shard again"])
    }
    let header = try file.read(12, at: 0)
    let (magic, version, count) = (word(0, of: header), word(1, of: header), word(2, of: header))
    let layout: ShardLayout
    switch (magic, version) {
    case (magicVersion1, 1): layout = .version1
    case (magicVersion7, 7): layout = .version7
    default:
      throw Failure(
        .data, "not a token shard of a known version", at: file.path,
        notes: [
          "found magic \(magic), version \(version)",
          "expected magic \(magicVersion1) with version 1 (uint16) or magic \(magicVersion7) with version 7 (uint32)",
        ])
    }
    // The count is an Int32: its product with the width cannot overflow an Int.
    let expected = layout.headerLength + Int(count) * layout.tokenWidth
    guard count >= 0, file.count == expected else {
      throw Failure(
        .data, "the shard's length is not what its header says", at: file.path,
        notes: [
          "the header says \(count) tokens"
            + (count >= 0 ? ", that is \(expected) bytes; the file has \(file.count)" : ""),
          "the file was cut short or overwritten: write the shard again",
        ])
    }
    return (layout, Int(count))
  }

  private static func word(_ index: Int, of bytes: [UInt8]) -> Int32 {
    bytes.withUnsafeBytes { Int32(littleEndian: $0.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self)) }
  }
}

/// An open token shard.
///
/// Tokens are read with `pread`, never mapped: a shard that another process cuts short is an error, not a SIGBUS.
package final class Shard: Sendable {
  package let layout: ShardLayout
  /// The number of tokens.
  package let count: Int
  private let file: ReadableFile

  /// Opens llm.c's v1 and v7 (`raw` false) or nanoGPT's bare `uint16` (`raw` true).
  package init(_ path: String, raw: Bool = false) throws(Failure) {
    file = try ReadableFile(path, area: .data)
    if raw {
      guard file.count % 2 == 0 else {
        throw Failure(
          .data, "a raw uint16 shard of odd length", at: path,
          notes: ["\(file.count) bytes: the file was cut short or has another format"])
      }
      (layout, count) = (.uint16, file.count / 2)
    } else {
      (layout, count) = try ShardLayout.read(file)
    }
    if count == 0 { throw Failure(.data, "the shard holds no token", at: path) }
  }

  package var path: String { file.path }

  /// Reads the bytes of the tokens from `index` on, as many as fit into `bytes`.
  func read(into bytes: UnsafeMutableRawBufferPointer, from index: Int) throws(Failure) {
    try file.read(into: bytes, at: layout.headerLength + index * layout.tokenWidth)
  }

  /// Reads the tokens from `index` on into `tokens`; one that is not below `vocabularySize` is an error.
  func read(
    into tokens: UnsafeMutableBufferPointer<Int32>, from index: Int, vocabularySize: Int
  ) throws(Failure) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: tokens.count * layout.tokenWidth, alignment: 8)
    defer { bytes.deallocate() }
    try read(into: bytes, from: index)
    if layout.tokenWidth == 2 {
      for (place, token) in bytes.bindMemory(to: UInt16.self).enumerated() {
        tokens[place] = Int32(UInt16(littleEndian: token))
      }
    } else {
      for (place, token) in bytes.bindMemory(to: UInt32.self).enumerated() {
        tokens[place] = Int32(bitPattern: UInt32(littleEndian: token))
      }
    }
    if let place = tokens.firstIndex(where: { $0 < 0 || Int($0) >= vocabularySize }) {
      throw Self.outsideVocabulary(
        id: UInt32(bitPattern: tokens[place]), index: index + place, path: path, vocabularySize: vocabularySize)
    }
  }

  /// The tokens in `range`, whatever the vocabulary.
  package func tokens(_ range: Range<Int>) throws(Failure) -> [Int32] {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "tokens \(range) of \(count)")
    var tokens = [Int32](repeating: 0, count: range.count)
    let result = tokens.withUnsafeMutableBufferPointer { buffer in
      Result { () throws(Failure) in try read(into: buffer, from: range.lowerBound, vocabularySize: 1 << 31) }
    }
    try result.get()
    return tokens
  }

  static func outsideVocabulary(id: UInt32, index: Int, path: String, vocabularySize: Int) -> Failure {
    Failure(
      .data, "token id \(id) is outside the vocabulary", at: "\(path), token \(index)",
      notes: [
        "the vocabulary has \(vocabularySize) tokens: ids 0 to \(vocabularySize - 1)",
        "the shard was made with another tokenizer: name that one in the recipe, or prepare the data again",
      ])
  }
}
