import Files
import Foundation
import Synchronization
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

  /// Distinguishes preparations of one process.
  private static let serial = Atomic(0)

  init(_ cache: String, files: [CorpusFile], tokenizer: Tokenizer, options: PreparedCorpus.Options) {
    self.cache = cache
    folder = "\(cache)/corpora"
    self.files = files
    tokenizerDigest = Digest.sha256(tokenizer.json())
    let identity =
      ["\(CorpusRecord.version)", tokenizerDigest, options.onError.rawValue, "\(options.shardLimit)"]
      + files.map { "\($0.format.rawValue) \($0.canonicalPath)" }
    key = String(Digest.sha256(identity.joined(separator: "\n")).prefix(16))
    path = "\(folder)/\(key)"
  }

  /// Whether the corpus is there and made from the files as they are now.
  func state() -> State {
    let index = "\(path)/\(CorpusRecord.fileName)"
    guard let bytes = try? ReadableFile.contents(of: index, area: .data) else { return .missing }
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
      let isSame =
        stamp.bytes == source.stamp.bytes
        && (try? SourceDigest.sha256(of: file, cache: cache)) == source.digest
      if !isSame { return .stale(reason: "\(file.path) changed") }
    }
    return .good(record)
  }

  /// Lets `write` fill a temporary folder, syncs it and renames it to the corpus's: the corpus appears atomically.
  func build(_ write: (_ folder: String) throws(Failure) -> CorpusRecord) throws(Failure) -> CorpusRecord {
    try Folder.create(folder)
    removeLeftovers()
    let name = "\(key).\(Self.serial.add(1, ordering: .relaxed).newValue).\(getpid())"
    let temporary = "\(folder)/.tmp-\(name)"
    remove(temporary)
    try Folder.create(temporary)
    do throws(Failure) {
      let record = try write(temporary)
      try DurableFile.write(record.json.serialized(pretty: true), to: "\(temporary)/\(CorpusRecord.fileName)")
      try publish(temporary, discarding: "\(folder)/.old-\(name)")
      return record
    } catch {
      remove(temporary)
      throw error
    }
  }

  /// Renames the finished folder. If another process has finished the same corpus in the meantime, that
  /// one is replaced: both hold the same.
  private func publish(_ temporary: String, discarding discarded: String) throws(Failure) {
    while true {
      remove(discarded)
      if rename(path, discarded) != 0, errno != ENOENT {
        throw .system(.resources, "cannot move the stale corpus away", at: path, errno)
      }
      if rename(temporary, path) == 0 { break }
      if errno != ENOTEMPTY, errno != EEXIST {
        throw .system(.resources, "cannot put the prepared corpus in its place", at: path, errno)
      }
    }
    try Folder.synchronize(folder)
    remove(discarded)
  }

  /// Removes temporary folders of processes that no longer run.
  private func removeLeftovers() {
    for name in (try? Folder.names(in: folder, area: .data)) ?? []
    where name.hasPrefix(".tmp-") || name.hasPrefix(".old-") {
      guard let process = name.split(separator: ".").last.flatMap({ pid_t($0) }) else { continue }
      if kill(process, 0) != 0, errno == ESRCH { remove("\(folder)/\(name)") }
    }
  }

  private func remove(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
  }
}
