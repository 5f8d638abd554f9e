import Files
import Glibc
import Synchronization

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

  /// Writes `text`; a terminal gets its control characters in a visible form, since texts of rows, names and templates are
  /// other people's.
  package func write(_ text: String) { styled(isTerminal ? text.withVisibleControls : text) }

  /// Writes `bytes`; a terminal gets them as text.
  package func write(_ bytes: [UInt8]) {
    if isTerminal { write(String(decoding: bytes, as: UTF8.self)) } else { put(bytes) }
  }

  /// Writes `text` with the escape sequences in it.
  package func styled(_ text: String) {
    put(Array((self == .log ? ProgramName.inCommands(of: text) : text).utf8))
  }

  /// Throws `.resources` if results could not be written, unless their reader went away.
  package static func checkResults() throws(Failure) {
    let number = lostResults.load(ordering: .relaxed)
    if number != 0 { throw .system(.resources, "cannot write the results", at: "standard output", number) }
  }

  /// Lets nothing through any more: of several processes one writes.
  package static func mute() { isMuted.store(true, ordering: .relaxed) }

  /// Lets everything through again.
  package static func unmute() { isMuted.store(false, ordering: .relaxed) }

  private static let isMuted = Atomic<Bool>(false)
  private static let lostResults = Atomic<Int32>(0)

  // MARK: A line for a while

  /// Whether the log has a line that the next output takes the place of.
  private static let hasTransient = Mutex(false)

  /// Shows `text` in the last line of the terminal until anything else is written, cut to the terminal's width.
  package func transient(_ text: String) {
    let line = "\r\(text.withVisibleControls.prefix(max(20, width - 1)))\u{1B}[K"
    Self.hasTransient.withLock { isShown in
      putAsItIs(Array(line.utf8))
      isShown = true
    }
  }

  /// Removes the line that is shown for a while, if there is one.
  package static func clearTransient() { log.put([]) }

  private func put(_ bytes: [UInt8]) {
    Self.hasTransient.withLock { isShown in
      if isShown { Output.log.putAsItIs(Array("\r\u{1B}[K".utf8)) }
      isShown = false
      putAsItIs(bytes)
    }
  }

  private func putAsItIs(_ bytes: [UInt8]) {
    if Self.isMuted.load(ordering: .relaxed) { return }
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
        if put < 0 {
          if self == .results, errno != EPIPE { Self.lostResults.store(errno, ordering: .relaxed) }
          return
        }
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
  package var width: Int { size.columns }

  /// Columns and rows of the terminal.
  package var size: (columns: Int, rows: Int) {
    var size = winsize()
    let isKnown = ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? (Int(size.ws_col), max(1, Int(size.ws_row))) : (80, 24)
  }
}

extension String {
  /// The text with its control characters in a form that a terminal shows and does not obey: `^[` for an escape. Tabs and
  /// newlines stay.
  package var withVisibleControls: String {
    func isControl(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
    }
    guard unicodeScalars.contains(where: isControl) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if !isControl(scalar) {
        text.unicodeScalars.append(scalar)
      } else if scalar.value < 0x80 {
        text += "^\(Unicode.Scalar(UInt8(scalar.value ^ 0x40)))"
      } else {
        text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      }
    }
    return text
  }
}
