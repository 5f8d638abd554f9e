import Files
import Foundation
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
  private let folder: String
  private let key: String
  private let files: [CorpusFile]

  init(folder: String, files: [CorpusFile], tokenizer: Tokenizer, options: PreparedCorpus.Options) {
    self.folder = folder
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
        && (try? Digest.sha256(ofFile: file.path, area: .data)) == source.digest
      if !isSame { return .stale(reason: "\(file.path) changed") }
    }
    return .good(record)
  }

  /// Lets `write` fill a temporary folder and puts it in place of the corpus: whole, on disk, or not at all.
  func build(_ write: (_ folder: String) throws(Failure) -> CorpusRecord) throws(Failure) -> CorpusRecord {
    try Folder.create(folder)
    removeLeftovers()
    let temporary = "\(folder)/.tmp-\(key).\(getpid())"
    remove(temporary)
    try Folder.create(temporary)
    do throws(Failure) {
      let record = try write(temporary)
      try DurableFile.write(record.json.serialized(pretty: true), to: "\(temporary)/\(CorpusRecord.fileName)")
      try publish(temporary)
      return record
    } catch {
      remove(temporary)
      throw error
    }
  }

  private func publish(_ temporary: String) throws(Failure) {
    let discarded = "\(folder)/.old-\(key).\(getpid())"
    remove(discarded)
    if rename(path, discarded) != 0, errno != ENOENT {
      throw .system(.resources, "cannot move the stale corpus away", at: path, errno)
    }
    if rename(temporary, path) != 0 {
      throw .system(.resources, "cannot put the prepared corpus in its place", at: path, errno)
    }
    try Folder.synchronize(folder)
    remove(discarded)
  }

  /// Removes what processes that no longer run have left behind.
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
