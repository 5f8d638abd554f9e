import Files
import Glibc

/// How the files of a corpus are written.
public enum CorpusFormat: String, Sendable, CaseIterable {
  /// Plain text; `<|endoftext|>` separates documents.
  case text
  /// One JSON object a line, `{"text": ...}`, each a document.
  case jsonl
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
  ///
  /// A pattern is a path or has the shell's wildcards (`*`, `?`, `[...]`, `{a,b}`, a leading `~`). Without a `format`
  /// each file's is recognised by its content. All problems are reported together.
  static func resolve(_ patterns: [String], format: CorpusFormat?) throws(Failure) -> [CorpusFile] {
    var files: [CorpusFile] = []
    var failures: [Failure] = []
    for pattern in patterns {
      do throws(Failure) {
        for path in try paths(matching: pattern) {
          let recognised = try CorpusFormat(recognising: path, unless: format)
          files.append(CorpusFile(path: path, format: recognised))
        }
      } catch {
        failures.append(error)
      }
    }
    if let failure = Failure.all(failures) { throw failure }
    let tokenFiles = files.filter { $0.format.holdsTokens }
    if let shard = tokenFiles.first, tokenFiles.count < files.count {
      let text = files.first { !$0.format.holdsTokens }
      throw Failure(
        .data, "text and token shards in one list", at: shard.path,
        notes: ["\(text?.path ?? "") is text", "prepare the text on its own, or list shards alone"])
    }
    return files
  }

  private static func paths(matching pattern: String) throws(Failure) -> [String] {
    if access(pattern, F_OK) == 0 {
      if Folder.exists(pattern) {
        throw Failure(
          .data, "a folder where a file is expected", at: pattern, notes: ["name its files: \"\(pattern)/*.txt\""])
      }
      return [pattern]
    }
    guard Self.alternatives(of: pattern) <= 10_000 else {
      throw Failure(
        .data, "the pattern has too many alternatives", at: pattern, notes: ["its braces make more than 10000 patterns"]
      )
    }
    var matches = glob_t()
    defer { globfree(&matches) }
    let result = glob(pattern, GLOB_BRACE | GLOB_TILDE, nil, &matches)
    if result == GLOB_NOSPACE { throw .system(.resources, "cannot list what matches", at: pattern, ENOMEM) }
    var paths: [String] = []
    for index in 0..<Int(matches.gl_pathc) {
      guard let name = matches.gl_pathv[index] else { continue }
      guard let path = String(validatingCString: name) else {
        throw Failure(
          .data, "a file's name is not UTF-8", at: String(cString: name), notes: ["it matches \(pattern)", "rename it"])
      }
      paths.append(path)
    }
    let isPattern = pattern.contains { "*?[{".contains($0) }
    let found = result == 0 ? paths.filter { access($0, F_OK) == 0 && !Folder.exists($0) } : []
    if found.isEmpty {
      throw Failure(
        .data, isPattern ? "no file matches the pattern" : "no such file", at: pattern,
        notes: ["the working folder is \(workingFolder)", "check data.train and data.validation"])
    }
    return found
  }

  /// How many patterns without braces a pattern stands for, or somewhat more; 2^32 at most.
  static func alternatives(of pattern: String) -> Int {
    // For each open brace: the sum of its finished alternatives, and the product of the one that is being read.
    var open: [(sum: Int, product: Int)] = [(0, 1)]
    for character in pattern.utf8 {
      switch character {
      case UInt8(ascii: "{"): open.append((0, 1))
      case UInt8(ascii: ","): open[open.count - 1] = (min(1 << 32, open.last!.sum + open.last!.product), 1)
      case UInt8(ascii: "}") where open.count > 1:
        let closed = open.removeLast()
        let (product, hasOverflowed) = open.last!.product.multipliedReportingOverflow(by: closed.sum + closed.product)
        open[open.count - 1].product = hasOverflowed ? 1 << 32 : min(1 << 32, product)
      default: break
      }
    }
    return open.reduce(1) { min(1 << 32, max($0, $1.sum + $1.product)) }
  }

  private static var workingFolder: String {
    guard let path = getcwd(nil, 0) else { return "unknown" }
    defer { free(path) }
    return String(cString: path)
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
  var holdsTokens: Bool { self == .shards || self == .uint16 }

  /// The format of a file by its content, or `format` where one was asked for.
  package init(recognising path: String, unless format: CorpusFormat? = nil) throws(Failure) {
    let file = try ReadableFile(path, area: .data)
    if file.count == 0 { throw Failure(.data, "the file is empty", at: path) }
    if let format {
      self = format
      return
    }
    let head = try file.read(min(file.count, 1 << 16), at: 0)
    if ShardLayout.isShard(head) {
      self = .shards
      return
    }
    if let reason = Self.reasonNotText(head) {
      throw Failure(
        .data, "neither text nor a token shard", at: path,
        notes: [reason, "nanoGPT's token files need data.format = \"uint16\"; other files must be UTF-8 text"])
    }
    self = Self.isJSONLines(head, path: path) ? .jsonl : .text
  }

  private static func reasonNotText(_ head: [UInt8]) -> String? {
    let compressed: [[UInt8]] = [
      [0x1f, 0x8b], [0x28, 0xb5, 0x2f, 0xfd], [0xfd, 0x37, 0x7a, 0x58], [0x50, 0x4b, 3, 4],
    ]
    if compressed.contains(where: head.starts) { return "the file is compressed: unpack it first" }
    if head.starts(with: [0xff, 0xfe]) || head.starts(with: [0xfe, 0xff]) { return "the text is UTF-16: convert it" }
    if head.contains(0) { return "it has zero bytes" }
    return nil
  }

  private static func isJSONLines(_ head: [UInt8], path: String) -> Bool {
    if path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson") { return true }
    let text = head.starts(with: TextDocuments.byteOrderMark) ? head.dropFirst(3) : head[...]
    // One bad line among rows does not make them text.
    let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: 8)
    guard let line = lines.first, line.first == UInt8(ascii: "{") else { return false }
    if lines.count == 1, head.count == 1 << 16 { return line.dropFirst().first == UInt8(ascii: "\"") }
    return lines.prefix(8).contains { line in
      line.first == UInt8(ascii: "{") && (try? JSONValue.parse(Array(line), source: path, area: .data))?.object != nil
    }
  }
}

extension Failure {
  /// Several failures as one: the first, which lists the others; nil for none.
  static func all(_ failures: [Failure]) -> Failure? {
    guard var first = failures.first else { return nil }
    first.others += failures.dropFirst().flatMap { [$0.withoutOthers] + $0.others }
    return first
  }

  private var withoutOthers: Failure { Failure(area, what, at: place, notes: notes) }
}

/// Files of a corpus, as far as can be said without reading them.
package enum CorpusSize {
  /// How many files `patterns` name and their bytes together; nil where they cannot be listed.
  package static func of(_ patterns: [String], format: CorpusFormat?) -> (files: Int, bytes: Int)? {
    guard let files = try? CorpusFile.resolve(patterns, format: format) else { return nil }
    var bytes = 0
    for file in files {
      var status = stat()
      guard stat(file.path, &status) == 0 else { return nil }
      bytes += Int(status.st_size)
    }
    return (files.count, bytes)
  }
}
