import Files

/// Prompts in a file: one a line, as text or as `{"prompt": "..."}`.
enum PromptFile {
  /// The prompts in the file at `path`; - is standard input. Empty lines are none. The lines are JSON where the first of them
  /// begins with a brace, unless the file's name says that they are text.
  ///
  /// - Throws: `Failure` of area `.usage` for a file without prompts, and for lines that are not what the first is.
  static func read(_ path: String) throws(Failure) -> [String] {
    let source = path == "-" ? "standard input" : path
    let bytes = path == "-" ? try StandardInput.bytes() : try ReadableFile.contents(of: path, area: .usage)
    if let invalid = bytes.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) {
      throw Failure(.usage, "the prompts are not UTF-8", at: "\(source), byte \(invalid)")
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: mark) ? bytes[3...] : bytes[...]
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
      .map { (number: $0 + 1, line: $1.last == UInt8(ascii: "\r") ? $1.dropLast() : $1) }
      .filter { !$0.line.isEmpty }
    guard let first = lines.first else { throw Failure(.usage, "there are no prompts", at: source) }
    let start = first.line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    guard start == UInt8(ascii: "{"), !path.hasSuffix(".txt") else {
      return lines.map { String(decoding: $0.line, as: UTF8.self) }
    }
    var prompts: [String] = []
    for (number, line) in lines { prompts.append(try prompt(Array(line), at: "\(source):\(number)")) }
    return prompts
  }

  private static func prompt(_ line: [UInt8], at place: String) throws(Failure) -> String {
    let json = try JSONValue.parse(line, source: place, area: .usage)
    guard let prompt = json["prompt"]?.string else {
      throw Failure(
        .usage, "a line has no prompt", at: place,
        notes: [
          "found \((json["prompt"] ?? json).found); every line is {\"prompt\": \"...\"}, or all of them are text"
        ])
    }
    return prompt
  }
}
