import Files
import Glibc

/// What is piped into the process.
enum StandardInput {
  /// Everything up to its end.
  static func bytes() throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw .system(.usage, "cannot read", at: "standard input", errno) }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }
}
