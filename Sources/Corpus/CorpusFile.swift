import Files
import Glibc

/// How the files of a corpus are written.
public enum CorpusFormat: String, Sendable, CaseIterable {
  /// Plain text; `<|endoftext|>` separates documents.
  case text
  /// One JSON object a line, `{"text": ...}`, each a document; or an array of them.
  case jsonl
  /// Comma-separated values with a header (RFC 4180), each record a row.
  case csv
  /// The same with tabs in the place of commas.
  case tsv
  /// llm.c's token shards, version 1 (`uint16`) or 7 (`uint32`).
  case shards
  /// nanoGPT's token file: `uint16` without a header. It has no magic number and has to be asked for.
  case uint16
}

/// A file of a corpus and how it is read.
struct CorpusFile: Sendable, Equatable {
  let path: String
  let format: CorpusFormat

  /// The files that `patterns` name, in the order given and sorted within a pattern.
  static func resolve(_ patterns: [String], format: CorpusFormat?) throws(Failure) -> [CorpusFile] {
    try groups(patterns, format: format).flatMap(\.self)
  }

  /// The files that each of `patterns` names.
  ///
  /// A pattern is a path or has the shell's wildcards (`*`, `?`, `[...]`, `{a,b}`, a leading `~`). A folder stands for all files
  /// below it but hidden ones. Without a `format` each file's is recognised by its content. All problems are reported together.
  static func groups(_ patterns: [String], format: CorpusFormat?) throws(Failure) -> [[CorpusFile]] {
    var groups: [[CorpusFile]] = []
    var failures: [Failure] = []
    for pattern in patterns {
      var files: [CorpusFile] = []
      do throws(Failure) {
        for path in try FilePattern.paths(matching: pattern) {
          do throws(Failure) {
            let recognised = try CorpusFormat(recognising: path, unless: format)
            let file = CorpusFile(path: path, format: recognised)
            if format == nil, !Folder.exists(pattern) { try file.refuseObject() }
            files.append(file)
          } catch {
            failures.append(error)
          }
        }
      } catch {
        failures.append(error)
      }
      groups.append(files)
    }
    if let failure = Failure.all(failures) { throw failure }
    let files = groups.flatMap(\.self)
    let tokenFiles = files.filter { $0.format.holdsTokens }
    if let shard = tokenFiles.first, tokenFiles.count < files.count {
      let text = files.first { !$0.format.holdsTokens }
      throw Failure(
        .data, "text and token shards in one list", at: shard.path,
        notes: ["\(text?.path ?? "") is text", "prepare the text on its own, or list shards alone"])
    }
    return groups
  }

  /// Refuses a file that is named as JSON and is one object over several lines: as text its braces and keys would be trained.
  /// Below a folder, of code for instance, such files are text as the others are.
  private func refuseObject() throws(Failure) {
    guard format == .text, path.withoutCompression.lowercased().hasSuffix(".json") else { return }
    let head = try SourceReader.head(of: path, 1 << 12)[...].withoutByteOrderMark
    guard head.first(where: { !$0.isWhitespace }) == UInt8(ascii: "{") else { return }
    let target = "\(path.withoutCompression.dropLast(".json".count)).jsonl".shellWord
    // jq unpacks nothing.
    let compression = try SourceReader.compression(of: path)
    func command(_ filter: String) -> String {
      compression.map { "\($0.unpacking) \(path.shellWord) | jq -c \(filter) > \(target)" }
        ?? "jq -c \(filter) \(path.shellWord) > \(target)"
    }
    throw Failure(
      .data, "one object over several lines, and no rows", at: path,
      notes: [
        "a row stands in a line: \(command(".")); or, of a list in the object, \(command("'.NAME[]'"))",
        "data.format=text trains on the file as it is, braces and all",
      ])
  }

  /// Whether the file can be read and is not compressed.
  var isPlain: Bool {
    do throws(Failure) { return try SourceReader.compression(of: path) == nil } catch { return false }
  }

  /// The file without links, dots or doubled slashes: one name for one file.
  var canonicalPath: String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

extension CorpusFormat {
  /// Whether the file holds token ids rather than text.
  package var holdsTokens: Bool { self == .shards || self == .uint16 }

  /// The format of a file by its content, or `format` where one was asked for.
  ///
  /// Delimited values alone are known by their names (`.csv`, `.tsv`): any line of prose with commas is one of them.
  package init(recognising path: String, unless format: CorpusFormat? = nil) throws(Failure) {
    let file = try ReadableFile(path, area: .data)
    if file.count == 0 { throw Failure(.data, "the file is empty", at: path) }
    if format == .uint16 {
      self = .uint16
      return
    }
    let head = try SourceReader.head(of: path, Self.headLength)
    if ShardLayout.isShard(head) || format == .shards {
      try Self.refuseCompressed(path)
      self = .shards
      return
    }
    if let foreign = ForeignData(head) { throw foreign.failure(at: path) }
    self = format ?? Self.format(ofText: head, path)
    if self != .jsonl { try TextEncoding.check(head: head, isCut: head.count == Self.headLength, at: path) }
  }

  private static let headLength = 1 << 16

  /// Tokens are read at random, which a compressed file does not allow.
  private static func refuseCompressed(_ path: String) throws(Failure) {
    guard let compression = try SourceReader.compression(of: path) else { return }
    throw Failure(
      .data, "compressed token shards cannot be read", at: path,
      notes: ["unpack it first: \(compression.unpacking) \(path.shellWord) > \(path.unpackedName.shellWord)"])
  }

  private static func format(ofText head: [UInt8], _ path: String) -> CorpusFormat {
    let name = path.withoutCompression.lowercased()
    if name.hasSuffix(".csv") { return .csv }
    if name.hasSuffix(".tsv") { return .tsv }
    return isJSONLines(head, path: name) ? .jsonl : .text
  }

  private static func isJSONLines(_ head: [UInt8], path: String) -> Bool {
    if path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson") { return true }
    let text = head[...].withoutByteOrderMark
    if path.hasSuffix(".json"), text.first(where: { !$0.isWhitespace }) == UInt8(ascii: "[") { return true }
    // One bad line among rows does not make them text.
    let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: 8)
    guard let line = lines.first, line.first == UInt8(ascii: "{") else { return false }
    if lines.count == 1, head.count == headLength { return line.dropFirst().first == UInt8(ascii: "\"") }
    return lines.prefix(8).contains { line in
      guard line.first == UInt8(ascii: "{") else { return false }
      return (try? JSONValue.parse(Array(line), source: path, area: .data, takesNaN: true))?.object != nil
    }
  }
}

extension UInt8 {
  /// Whether the byte is white space of ASCII.
  var isWhitespace: Bool { self == 0x20 || (0x09...0x0d).contains(self) }
}

extension String {
  /// The path without the ending of a compressed file.
  package var withoutCompression: String {
    [".gz", ".zst", ".zstd"].first { lowercased().hasSuffix($0) }.map { String(dropLast($0.count)) } ?? self
  }

  /// The path for what a compressed file of this one holds; never the path itself.
  var unpackedName: String { withoutCompression == self ? "\(self).unpacked" : withoutCompression }
}

/// Files of a corpus, as far as can be said without reading them.
package enum CorpusSize {
  /// How many files `patterns` name and their bytes together; nil where they cannot be listed, or are compressed.
  package static func of(_ patterns: [String], format: CorpusFormat?) -> (files: Int, bytes: Int)? {
    guard let files = try? CorpusFile.resolve(patterns, format: format) else { return nil }
    var bytes = 0
    for file in files {
      var status = stat()
      guard stat(file.path, &status) == 0, file.format.holdsTokens || file.isPlain else { return nil }
      bytes += Int(status.st_size)
    }
    return (files.count, bytes)
  }
}
