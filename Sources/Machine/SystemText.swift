import Glibc

/// The small text files in which Linux describes the machine.
enum SystemText {
  /// The text of a file, empty if it cannot be read.
  static func contents(of path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0, bytes.count < 1 << 20 {
      bytes += chunk.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The lines of a file, none if it cannot be read.
  static func lines(of path: String) -> [Substring] { contents(of: path).split(separator: "\n") }

  /// What follows the name and its colon in a file of `name: value` lines, without white space around it.
  static func field(_ name: String, of path: String) -> String? {
    let line = lines(of: path).first { line in
      line.hasPrefix(name) && line.dropFirst(name.count).first { !$0.isWhitespace } == ":"
    }
    guard let value = line?.split(separator: ":", maxSplits: 1).last else { return nil }
    return value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
