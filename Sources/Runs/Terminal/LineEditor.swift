import Files
import Glibc

/// Reads lines from the terminal that can be edited while they are typed, with those before them a key away. Where standard
/// input is no terminal, lines are read as they are.
package struct LineEditor {
  /// What the user did.
  package enum Entry: Sendable, Equatable {
    case line(String)
    /// Ctrl-C: what was typed is dropped.
    case interrupted
    /// Ctrl-D on an empty line, the end of a file, or a signal that asks to stop.
    case endOfInput
  }

  private let prompt: String
  private let promptColumns: Int
  private var history: [String] = []
  private var decoder = KeyDecoder()
  private var piped = PipedLines()

  /// An editor that shows `prompt` before each line; on a terminal in colour if that is welcome.
  package init(prompt: String) {
    self.prompt = Output.log.hasColour ? "\u{1B}[1;32m\(prompt)\u{1B}[0m" : prompt
    promptColumns = prompt.count
  }

  /// Whether someone types.
  package static var isInteractive: Bool {
    let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
    return isatty(STDIN_FILENO) == 1 && Output.log.isTerminal && !isDumb
  }

  /// The next line.
  ///
  /// - Throws: `.usage` for a line through a pipe that is not UTF-8; of what is typed, such bytes are no keys.
  package mutating func next() throws(Failure) -> Entry {
    guard Self.isInteractive, let terminal = RawTerminal() else {
      if Output.log.isTerminal { Output.log.styled(prompt) }
      return try piped.next().map { .line($0) } ?? .endOfInput
    }
    defer { terminal.restore() }
    var line = EditedLine(history: history)
    var isTypedAhead = true
    while true {
      show(line)
      guard let key = decoder.key({ Self.byte(isContinuing: $0, isTypedAhead: &isTypedAhead) }) else {
        Output.log.styled("\r\n")
        return .endOfInput
      }
      switch key {
      case .enter:
        line.press(.end)
        show(line)
        Output.log.styled("\r\n")
        remember(line.text)
        return .line(line.text)
      case .interrupt:
        Output.log.styled("^C\r\n")
        return .interrupted
      case .endOfInput where line.characters.isEmpty:
        Output.log.styled("\r\n")
        return .endOfInput
      case .endOfInput: line.press(.delete)
      case .suspend: terminal.suspend()
      case .clearScreen: Output.log.styled("\u{1B}[H\u{1B}[2J")
      default: line.press(key)
      }
    }
  }

  private mutating func remember(_ line: String) {
    if !line.isEmpty, line != history.last { history.append(line) }
  }

  private func show(_ line: EditedLine) {
    let (text, cursor) = line.visible(columns: max(2, Output.log.width - promptColumns))
    let column = promptColumns + cursor
    Output.log.styled("\r\(prompt)\(text)\u{1B}[K\r" + (column > 0 ? "\u{1B}[\(column)C" : ""))
  }

  /// The next byte from the terminal; nil at its end, after a signal that asks to stop, or where a sequence has no other. An INT that
  /// another process sends is the key: none is left that would end the answer to the line.
  ///
  /// What was typed before the terminal handed over keys is read first. Ctrl-D is a zero byte among it: it was meant for a line then.
  private static func byte(isContinuing: Bool, isTypedAhead: inout Bool) -> UInt8? {
    var ready = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    while true {
      if StopRequest.signal != nil { return nil }
      if StopRequest.takeInterrupt() { return 0x03 }
      let count = poll(&ready, 1, isTypedAhead ? 0 : isContinuing ? 50 : 1000)
      if count == 0, isTypedAhead {
        isTypedAhead = false
        continue
      }
      if count < 0, errno != EINTR { return nil }
      if count == 0, isContinuing { return nil }
      guard count > 0 else { continue }
      var byte: UInt8 = 0
      let got = SystemCall.retrying { read(STDIN_FILENO, &byte, 1) }
      if got == 1, byte == 0, isTypedAhead { return 0x04 }
      return got == 1 ? byte : nil
    }
  }
}

/// The terminal while it hands over every key as it is pressed.
private struct RawTerminal {
  private let usual: termios

  /// Nil where the terminal cannot.
  init?() {
    var usual = termios()
    guard tcgetattr(STDIN_FILENO, &usual) == 0 else { return nil }
    self.usual = usual
    enter()
  }

  /// Hands over keys; text that is pasted comes between marks.
  private func enter() {
    var raw = usual
    cfmakeraw(&raw)
    raw.c_oflag = usual.c_oflag
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    Output.log.styled("\u{1B}[?2004h")
  }

  func restore() {
    Output.log.styled("\u{1B}[?2004l")
    var usual = usual
    tcsetattr(STDIN_FILENO, TCSADRAIN, &usual)
  }

  /// Stops the process, as the terminal itself would, until the shell continues it.
  func suspend() {
    restore()
    raise(SIGTSTP)
    enter()
  }
}
