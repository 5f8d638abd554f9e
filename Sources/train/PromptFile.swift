import Files

/// Prompts in a file: one a line, as text or as `{"prompt": "..."}`.
enum PromptFile {
  /// The prompts in the file at `path`; - is standard input. Empty lines are none, and blank ones among JSON. The lines are JSON
  /// where the first that is not blank begins with a brace, unless the file's name says that they are text, and wherever the name
  /// says that they are JSON: then a prompt may be a string, too, one array may hold all of them, and a `.json` file may be one
  /// object.
  ///
  /// - Throws: `Failure` of area `.usage` for a file without prompts, for one of another kind, and for lines that are not what
  ///   the first is.
  static func read(_ path: String) throws(Failure) -> [String] {
    let (name, source) = (path.lowercased(), path == "-" ? "standard input" : path)
    if let ending = [".csv", ".tsv", ".gz", ".zst", ".parquet"].first(where: name.hasSuffix) {
      throw Failure(
        .usage, "prompts come as lines of text or of JSON, not as \(ending)", at: path,
        notes: ["--prompts - reads what another program writes: `... | train generate MODEL --prompts -`"])
    }
    let bytes = path == "-" ? try StandardInput.bytes() : try ReadableFile.contents(of: path, area: .usage)
    if let invalid = bytes.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) {
      throw Failure(.usage, "the prompts are not UTF-8", at: "\(source), byte \(invalid)")
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: mark) ? bytes[3...] : bytes[...]
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
      .map { (number: $0 + 1, line: $1.last == UInt8(ascii: "\r") ? $1.dropLast() : $1) }
      .filter { !$0.line.isEmpty }
    let nothing = Failure(.usage, "there are no prompts", at: source)
    if lines.isEmpty { throw nothing }
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    let start = lines.lazy.compactMap { $0.line.first { !isBlank($0) } }.first
    let isNamedJSON = [".json", ".jsonl", ".ndjson"].contains(where: name.hasSuffix)
    if isNamedJSON, start == UInt8(ascii: "[") { return try prompts(inArray: Array(text), at: source) }
    // One object may have several lines where they are not a value each.
    if name.hasSuffix(".json"), let json = try? JSONValue.parse(Array(text), source: source, area: .usage) {
      return [try prompt(json, at: "\(source):\(json.line)")]
    }
    guard isNamedJSON || start == UInt8(ascii: "{") && !name.hasSuffix(".txt") else {
      return lines.map { String(decoding: $0.line, as: UTF8.self) }
    }
    var prompts: [String] = []
    for (number, line) in lines where !line.allSatisfy(isBlank) {
      let json = try JSONValue.parse(Array(line), source: source, area: .usage, line: number)
      prompts.append(try prompt(json, at: "\(source):\(number)"))
    }
    if prompts.isEmpty { throw nothing }
    return prompts
  }

  private static func prompts(inArray bytes: [UInt8], at source: String) throws(Failure) -> [String] {
    let items = try JSONValue.parse(bytes, source: source, area: .usage).array ?? []
    if items.isEmpty { throw Failure(.usage, "there are no prompts", at: source) }
    var prompts: [String] = []
    for item in items { prompts.append(try prompt(item, at: "\(source):\(item.line)")) }
    return prompts
  }

  private static func prompt(_ json: JSONValue, at place: String) throws(Failure) -> String {
    guard let prompt = json.string ?? json["prompt"]?.string else {
      throw Failure(
        .usage, "a line has no prompt", at: place,
        notes: [
          "found \((json["prompt"] ?? json).found); every line is {\"prompt\": \"...\"}, or all of them are text"
        ])
    }
    return prompt
  }
}
