import Files
import Glibc

/// Writes tokens as a row of shards `shard-00000.bin`, `shard-00001.bin`, ... in a folder.
package struct ShardWriter {
  /// A finished shard.
  package struct Record: Sendable, Equatable {
    package let name: String
    package let tokens: Int
    /// The SHA-256 of the tokens as stored, without the header.
    package let digest: String
  }

  /// The tokens written so far.
  package private(set) var count = 0
  private let folder: String
  private let layout: ShardLayout
  private let limit: Int
  private var records: [Record] = []
  private var output: ShardOutput?

  /// Shards get at most `limit` tokens each.
  package init(folder: String, vocabularySize: Int, limit: Int) {
    precondition(limit > 0 && limit <= Int(Int32.max), "a shard of \(limit) tokens")
    self.folder = folder
    self.limit = limit
    layout = ShardLayout(vocabularySize: vocabularySize)
  }

  package mutating func append(_ tokens: [Int32]) throws(Failure) {
    var rest = tokens[...]
    while !rest.isEmpty {
      let current = try openShard()
      let part = rest.prefix(limit - current.count)
      try current.append(part)
      rest = rest.dropFirst(part.count)
      if current.count == limit { try closeShard() }
    }
    count += tokens.count
  }

  /// Closes the last shard; all of them are on disk afterwards.
  package mutating func finish() throws(Failure) -> [Record] {
    try closeShard()
    return records
  }

  private var nextName: String {
    let digits = String(records.count)
    return "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".bin"
  }

  private mutating func openShard() throws(Failure) -> ShardOutput {
    if let output { return output }
    let opened = try ShardOutput("\(folder)/\(nextName)", layout: layout)
    output = opened
    return opened
  }

  private mutating func closeShard() throws(Failure) {
    guard let current = output else { return }
    let digest = try current.close()
    records.append(Record(name: nextName, tokens: current.count, digest: digest))
    output = nil
  }
}

/// A shard that is being written; its header's count is filled in at the end.
private final class ShardOutput {
  private(set) var count = 0
  private let path: String
  private let layout: ShardLayout
  private var descriptor: Int32
  private var pending: [UInt8] = []
  private var written: Int
  private var digest = Digest()

  init(_ path: String, layout: ShardLayout) throws(Failure) {
    self.path = path
    self.layout = layout
    written = layout.headerLength
    descriptor = SystemCall.retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
    if descriptor < 0 { throw .system(.resources, "cannot create the shard", at: path, errno) }
    pending.reserveCapacity(1 << 20)
  }

  deinit {
    if descriptor >= 0 { Glibc.close(descriptor) }
  }

  func append(_ tokens: ArraySlice<Int32>) throws(Failure) {
    if layout.tokenWidth == 2 {
      Self.append(tokens, as: UInt16.self, to: &pending)
    } else {
      Self.append(tokens, as: UInt32.self, to: &pending)
    }
    count += tokens.count
    if pending.count >= 1 << 20 { try flush() }
  }

  private static func append<Token: FixedWidthInteger>(
    _ tokens: ArraySlice<Int32>, as: Token.Type, to bytes: inout [UInt8]
  ) {
    let stored = tokens.map { Token(truncatingIfNeeded: $0).littleEndian }
    stored.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  /// Writes what is left and the header, synchronises, and returns the SHA-256 of the tokens.
  func close() throws(Failure) -> String {
    try flush()
    try write(layout.header(count: count), at: 0)
    var number = SystemCall.synchronize(descriptor)
    if number != 0 { throw .system(.resources, "cannot synchronise the shard", at: path, number) }
    number = SystemCall.close(descriptor)
    descriptor = -1
    if number != 0 { throw .system(.resources, "cannot write the shard", at: path, number) }
    return digest.hexadecimal
  }

  private func flush() throws(Failure) {
    digest.update(pending)
    try write(pending, at: written)
    written += pending.count
    pending.removeAll(keepingCapacity: true)
  }

  private func write(_ bytes: [UInt8], at offset: Int) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let put = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress! + done, $0.count - done, offset + done) }
      if put < 0, errno == EINTR { continue }
      if put < 0 { throw .system(.resources, "cannot write the shard", at: path, errno) }
      done += put
    }
  }
}
