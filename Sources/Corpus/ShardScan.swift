import Files

/// The result of reading a whole shard once: its SHA-256 and its largest token id.
///
/// The result is kept in `CACHE/shards/` and is valid until the file's stamp changes, so that a corpus is read through once
/// and not at every start.
struct ShardScan: Equatable {
  /// The SHA-256 of the tokens as stored, without the header.
  let digest: String
  /// The largest token id.
  let largest: UInt32
  /// The index of the first token with that id.
  let place: Int

  /// The scan of a shard, from the cache if it is still valid.
  init(of shard: Shard, cache: String, progress: (_ tokens: Int) -> Void) throws(Failure) {
    let file = CorpusFile(path: shard.path, format: shard.layout.headerLength == 0 ? .uint16 : .shards)
    let stamp = try FileStamp(of: shard.path)
    let identity = "\(file.format.rawValue) \(file.canonicalPath) \(stamp.text)"
    let folder = "\(cache)/shards"
    let path = "\(folder)/\(Digest.sha256(identity).prefix(16)).json"
    if let known = Self.read(path, identity: identity) {
      self = known
      return
    }
    try self.init(reading: shard, progress: progress)
    guard try FileStamp(of: shard.path) == stamp else {
      throw Failure(.data, "the shard changed while it was read", at: shard.path)
    }
    if !stamp.isSettled { return }
    try Folder.create(folder)
    try DurableFile.write(json(identity: identity).serialized(pretty: true), to: path)
  }

  /// Throws when an id is not below `vocabularySize`.
  func check(_ shard: Shard, vocabularySize: Int) throws(Failure) {
    if Int(largest) >= vocabularySize {
      throw Shard.outsideVocabulary(id: largest, index: place, path: shard.path, vocabularySize: vocabularySize)
    }
  }

  private init(reading shard: Shard, progress: (_ tokens: Int) -> Void) throws(Failure) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)
    defer { buffer.deallocate() }
    let width = shard.layout.tokenWidth
    var digest = Digest()
    var (largest, place) = (UInt32(0), 0)
    var done = 0
    while done < shard.count {
      try StopRequest.check()
      let length = min(buffer.count / width, shard.count - done)
      let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(length * width)])
      try shard.read(into: bytes, from: done)
      digest.update(UnsafeRawBufferPointer(bytes))
      let (id, index) =
        width == 2
        ? Self.largest(of: bytes.bindMemory(to: UInt16.self)) : Self.largest(of: bytes.bindMemory(to: UInt32.self))
      if id > largest || done == 0 { (largest, place) = (id, done + index) }
      done += length
      progress(done)
    }
    self.digest = digest.hexadecimal
    self.largest = largest
    self.place = place
  }

  private static func largest<Token: FixedWidthInteger>(
    of tokens: UnsafeMutableBufferPointer<Token>
  ) -> (id: UInt32, index: Int) {
    var largest = Token(0)
    for token in tokens { largest = max(largest, Token(littleEndian: token)) }
    return (UInt32(largest), tokens.firstIndex { Token(littleEndian: $0) == largest } ?? 0)
  }

  private static func read(_ path: String, identity: String) -> ShardScan? {
    guard let bytes = try? ReadableFile.contents(of: path, area: .data),
      let json = try? JSONValue.parse(bytes, source: path, area: .data), json["shard"]?.string == identity,
      let digest = json["tokens_sha256"]?.string, let place = json["index"]?.integer,
      let largest = json["largest_id"]?.integer.flatMap({ UInt32(exactly: $0) })
    else { return nil }
    return ShardScan(digest: digest, largest: largest, place: place)
  }

  private init(digest: String, largest: UInt32, place: Int) {
    self.digest = digest
    self.largest = largest
    self.place = place
  }

  private func json(identity: String) -> JSONValue {
    [
      "shard": JSONValue(identity), "tokens_sha256": JSONValue(digest), "largest_id": JSONValue(Int(largest)),
      "index": JSONValue(place),
    ]
  }
}
