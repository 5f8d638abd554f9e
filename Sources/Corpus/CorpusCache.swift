import Files
import Glibc
import Tokenizers

/// The folder that one prepared corpus lives in.
struct CorpusCache {
  enum State {
    case missing
    case stale(reason: String)
    case good(CorpusRecord)
  }

  /// The folder of the corpus.
  let path: String
  let tokenizerDigest: String
  private let cache: String
  private let folder: String
  private let key: String
  private let files: [CorpusFile]

  init(_ cache: String, files: [CorpusFile], tokenizer: Tokenizer, options: PreparedCorpus.Options) {
    self.cache = cache
    folder = "\(cache)/corpora"
    self.files = files
    tokenizerDigest = Digest.sha256(tokenizer.json())
    let identity =
      ["\(CorpusRecord.version)", tokenizerDigest, options.onError.rawValue, "\(options.shardLimit)"]
      + (options.textColumn == "text" ? [] : ["text is \(options.textColumn)"])
      + files.map { "\($0.format.rawValue) \($0.canonicalPath)" }
    key = String(Digest.sha256(identity.joined(separator: "\n")).prefix(16))
    path = "\(folder)/\(key)"
  }

  /// Whether the corpus is there, whole, and made from the files as they are now.
  ///
  /// - Throws: what says nothing about the corpus: a failure of the machine, or a signal.
  func state() throws(Failure) -> State {
    let index = "\(path)/\(CorpusRecord.fileName)"
    if !Folder.exists(path) { return .missing }
    guard
      let bytes = try Failure.nilUnlessMachines({ () throws(Failure) in
        try ReadableFile.contents(of: index, area: .data)
      })
    else { return .missing }
    guard let json = try? JSONValue.parse(bytes, source: index, area: .data), let record = CorpusRecord(json) else {
      return .stale(reason: "its index is of another version or damaged")
    }
    guard record.tokenizer == tokenizerDigest else { return .stale(reason: "the tokenizer changed") }
    guard record.sources.map(\.path) == files.map(\.canonicalPath) else {
      return .stale(reason: "the list of files changed")
    }
    for (source, file) in zip(record.sources, files) {
      guard let stamp = try? FileStamp(of: file.path) else { return .stale(reason: "\(file.path) is gone") }
      if stamp == source.stamp { continue }
      guard stamp.bytes == source.stamp.bytes, try SourceDigest.sha256(of: file, cache: cache) == source.digest else {
        return .stale(reason: "\(file.path) changed")
      }
    }
    return try areFilesWhole(record) ? .good(record) : .stale(reason: "its files are damaged")
  }

  /// Whether shards and index of documents are what was written.
  private func areFilesWhole(_ record: CorpusRecord) throws(Failure) -> Bool {
    let isWhole = try Failure.nilUnlessMachines { () throws(Failure) in
      for shard in record.shards {
        let scan = try ShardScan(of: Shard("\(path)/\(shard.name)"), cache: cache) { _ in }
        if scan.digest != shard.digest { return false }
      }
      let documents = CorpusFile(path: "\(path)/\(CorpusRecord.documentsFileName)", format: .uint16)
      return try SourceDigest.sha256(of: documents, cache: cache) == record.documentsDigest
    }
    return isWhole ?? false
  }

  /// Keeps other processes from preparing the same corpus as long as the result lives.
  func lock(whileWaiting: () throws(Failure) -> Void) throws(Failure) -> FileLock {
    try Folder.create("\(cache)/locks")
    return try FileLock(lockPath(key), whileWaiting: whileWaiting)
  }

  private func lockPath(_ key: some StringProtocol) -> String { "\(cache)/locks/\(key)" }

  /// Lets `write` fill a temporary folder, syncs it and renames it to the corpus's: the corpus appears atomically. The caller
  /// has the lock.
  func build(_ write: (_ folder: String) throws(Failure) -> CorpusRecord) throws(Failure) -> CorpusRecord {
    try Folder.create(folder)
    removeLeftovers()
    let name = "\(key).\(UInt64.random(in: .min ... .max))"
    let temporary = "\(folder)/.tmp-\(name)"
    try Folder.createNew(temporary)
    do throws(Failure) {
      let record = try write(temporary)
      try DurableFile.write(record.json.serialized(pretty: true), to: "\(temporary)/\(CorpusRecord.fileName)")
      try Folder.synchronize(temporary)
      try publish(temporary, discarding: "\(folder)/.old-\(name)")
      return record
    } catch {
      try? Folder.remove(temporary)
      throw error
    }
  }

  /// Renames the finished folder. Where locks are missing, another process may have finished the same corpus in the meantime;
  /// that one is replaced: both hold the same.
  private func publish(_ temporary: String, discarding discarded: String) throws(Failure) {
    let path = path
    while true {
      try Folder.remove(discarded)
      if SystemCall.retrying({ rename(path, discarded) }) != 0, errno != ENOENT {
        throw .system(.resources, "cannot move the stale corpus away", at: path, errno)
      }
      if SystemCall.retrying({ rename(temporary, path) }) == 0 { break }
      if errno != ENOTEMPTY, errno != EEXIST {
        throw .system(.resources, "cannot put the prepared corpus in its place", at: path, errno)
      }
    }
    try Folder.synchronize(folder)
    try? Folder.remove(discarded)
  }

  /// Removes temporary folders of processes that no longer run: those whose corpus nobody has locked.
  private func removeLeftovers() {
    for name in (try? Folder.names(in: folder, area: .data)) ?? []
    where name.hasPrefix(".tmp-") || name.hasPrefix(".old-") {
      let owner = name.dropFirst(5).prefix { $0 != "." }
      let lock = owner == key ? nil : FileLock(ifFree: lockPath(owner))
      if owner == key || lock != nil { try? Folder.remove("\(folder)/\(name)") }
    }
  }
}

extension Failure {
  /// What `body` gives; nil where it fails because of what it reads. Failures of the machine and stops are thrown.
  static func nilUnlessMachines<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T? {
    do throws(Failure) { return try body() } catch {
      if error.area == .resources || error.area == .interrupted { throw error }
      return nil
    }
  }
}
