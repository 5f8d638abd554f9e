import Files
import Glibc

/// The lines of standard input where nobody types them into an editor.
struct PipedLines {
  /// What is read and belongs to no line yet that was asked for.
  private var ahead: [UInt8] = []
  private var number = 0

  /// The next line without its end; nil at the end of input.
  ///
  /// - Throws: `.usage` where it is not UTF-8: what stands for other bytes was not said.
  mutating func next() throws(Failure) -> String? {
    guard let line = try bytes() else { return nil }
    number += 1
    if let invalid = line.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) {
      throw Failure(
        .usage, "the line is not UTF-8", at: "standard input, line \(number), byte \(invalid)",
        notes: ["convert what is piped in: iconv -f ENCODING -t utf-8"])
    }
    return String(decoding: line, as: UTF8.self)
  }

  private mutating func bytes() throws(Failure) -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: 1 << 12)
    while true {
      if let end = ahead.firstIndex(of: UInt8(ascii: "\n")) {
        var line = Array(ahead[..<end])
        ahead.removeFirst(end + 1)
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
      }
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw .system(.usage, "cannot read", at: "standard input", errno) }
      if count == 0 {
        defer { ahead = [] }
        return ahead.isEmpty ? nil : ahead
      }
      ahead += chunk[..<count]
    }
  }
}
