import Glibc

/// The process's two outputs: results, and everything else.
///
/// A reader that has gone away is no reason to stop: what it would have read is dropped.
package enum Output: Int32, Sendable {
  /// Results, on standard output.
  case results = 1
  /// Logs, progress and errors, on standard error.
  case log = 2

  /// Points every standard stream that the parent has closed at nothing, lest the next file to be opened take its place.
  package static func openMissingStreams() {
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
  }

  /// Writes `text` and a newline.
  package func line(_ text: String) { write(text + "\n") }

  /// Writes `text` as it is.
  package func write(_ text: String) { write(Array(text.utf8)) }

  /// Writes `bytes` as they are.
  package func write(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let put = Glibc.write(rawValue, buffer.baseAddress! + done, buffer.count - done)
        if put < 0, errno == EINTR { continue }
        if put < 0, errno == EAGAIN {
          var ready = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
          poll(&ready, 1, 1000)
          continue
        }
        if put < 0 { return }
        done += put
      }
    }
  }

  package var isTerminal: Bool { isatty(rawValue) == 1 }

  /// Whether escape sequences for colours are welcome: on a terminal, unless `NO_COLOR` is set.
  package var hasColour: Bool {
    let refused = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? false
    return isTerminal && !refused && !isDumb
  }

  /// Columns of the terminal.
  package var width: Int {
    var size = winsize()
    return ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}
