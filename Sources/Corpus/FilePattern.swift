import Files
import Glibc

/// Paths as people write them: a file, a folder, or the shell's wildcards.
enum FilePattern {
  /// The files that a pattern names, sorted; none is an error. `**` between slashes stands for folders, none or several.
  static func paths(matching pattern: String) throws(Failure) -> [String] {
    if access(pattern, F_OK) == 0 { return Folder.exists(pattern) ? try files(below: pattern) : [pattern] }
    guard Self.alternatives(of: pattern) <= 10_000 else {
      throw Failure(
        .data, "the pattern has too many alternatives", at: pattern, notes: ["its braces make more than 10000 patterns"]
      )
    }
    let isPattern = pattern.contains { "*?[{".contains($0) }
    var found: [String] = []
    for part in try withoutDoubleStars(pattern) {
      found += try matches(of: part).filter { access($0, F_OK) == 0 && !Folder.exists($0) }
    }
    if pattern.contains("**") { found = Set(found).sorted() }
    if isPattern { found.removeAll(where: isEmpty) }
    if found.isEmpty {
      throw Failure(
        .data, isPattern ? "no file matches the pattern" : "no such file", at: pattern,
        notes: quoteNote(pattern) + listNote(pattern) + [
          pattern.contains("://")
            ? "nothing is loaded over the network: download it first, curl -LO \(pattern.shellWord)"
            : "the working folder is \(workingFolder)"
        ] + (isPattern ? ["empty files do not count"] : []))
    }
    return found
  }

  /// What the shell's wildcards in `pattern` match.
  private static func matches(of pattern: String) throws(Failure) -> [String] {
    var matches = glob_t()
    defer { globfree(&matches) }
    let result = glob(pattern, GLOB_BRACE | GLOB_TILDE, nil, &matches)
    if result == GLOB_NOSPACE { throw .system(.resources, "cannot list what matches", at: pattern, ENOMEM) }
    if result != 0 { return [] }
    var paths: [String] = []
    for index in 0..<Int(matches.gl_pathc) {
      guard let name = matches.gl_pathv[index] else { continue }
      guard let path = String(validatingCString: name) else {
        throw Failure(
          .data, "a file's name is not UTF-8", at: String(cString: name), notes: ["it matches \(pattern)", "rename it"])
      }
      paths.append(path)
    }
    return paths
  }

  /// Patterns that together stand for one with `**`, as Python's glob and shells with globstar read it: one for each folder that
  /// the first `**` can lead to. The C library reads `**` as `*`, which would leave out files without a word.
  private static func withoutDoubleStars(_ pattern: String) throws(Failure) -> [String] {
    let parts = pattern.split(separator: "/", omittingEmptySubsequences: false)
    guard let place = parts.firstIndex(of: "**") else {
      if !pattern.contains("**") { return [pattern] }
      throw Failure(
        .data, "** stands between slashes", at: pattern,
        notes: ["as in texts/**/*.txt; a folder alone stands for all files below it"])
    }
    let head = parts[..<place].joined(separator: "/")
    let rest = parts[(place + 1)...].joined(separator: "/")
    var patterns: [String] = []
    for root in try place == 0 ? ["."] : head.isEmpty ? ["/"] : matches(of: head) where Folder.exists(root) {
      var walk = Walk()
      try walk.visit(root, depth: 0)
      for folder in walk.folders {
        patterns += try withoutDoubleStars("\(escaped(folder))/\(rest.isEmpty ? "*" : rest)")
      }
    }
    return patterns
  }

  /// The path as a pattern that it alone matches.
  private static func escaped(_ path: String) -> String {
    path.reduce(into: "") { $0 += "\\*?[]{},~".contains($1) ? "\\\($1)" : String($1) }
  }

  /// What to say of a pattern that came with the quotes that were meant for the shell.
  private static func quoteNote(_ pattern: String) -> [String] {
    guard pattern.count > 2, let first = pattern.first, first == pattern.last, first == "'" || first == "\"" else {
      return []
    }
    return ["the quotes are part of the name here: leave them out, \(pattern.dropFirst().dropLast())"]
  }

  /// What to say of a list that is not JSON, as in `[a.txt, b.txt]`, and of names with commas between them.
  private static func listNote(_ pattern: String) -> [String] {
    let isBracketed = pattern.hasPrefix("[") && pattern.hasSuffix("]")
    let first = pattern.prefix { $0 != "," }
    guard isBracketed || first != pattern && access(String(first), F_OK) == 0 else { return [] }
    return ["several files are a list, whose names stand in double quotes: [\"a.txt\", \"b.txt\"]"]
  }

  /// The files below a folder in the order of their names, without hidden and empty ones.
  private static func files(below folder: String) throws(Failure) -> [String] {
    let root = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    var walk = Walk()
    try walk.visit(root.isEmpty ? "/" : root, depth: 0)
    if walk.files.isEmpty {
      throw Failure(.data, "the folder has no files", at: folder, notes: ["hidden and empty ones do not count"])
    }
    return walk.files
  }

  /// A way through folders, which links must not make endless.
  private struct Walk {
    private(set) var files: [String] = []
    private(set) var folders: [String] = []

    mutating func visit(_ folder: String, depth: Int) throws(Failure) {
      folders.append(folder)
      guard depth < 32, folders.count <= 100_000, files.count <= 1_000_000 else {
        throw Failure(
          .data, "there are too many folders or files below the folder", at: folder,
          notes: ["a link may lead in a circle", "name the files: \"\(folder)/*.txt\""])
      }
      for name in try Folder.names(in: folder, area: .data) where !name.hasPrefix(".") {
        let path = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
        if Folder.exists(path) {
          try visit(path, depth: depth + 1)
        } else if !FilePattern.isEmpty(path) {
          files.append(path)
        }
      }
    }
  }

  /// Whether nothing is in the file, as in the ones that mark folders of code.
  private static func isEmpty(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size == 0
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
}
