import Jinja

/// The text of a conversation, and which of it each message's author wrote.
package struct RenderedChat: Sendable {
  /// What one message's author wrote, or would have had to: its content, thoughts and calls of tools with what stands
  /// between them, and what ends its turn; not the header, which the next author is given.
  package struct Turn: Sendable, Equatable {
    package let message: Int
    /// A range of the text's bytes.
    package let range: Range<Int>
  }

  /// What a conversation has and its text has not.
  package enum Loss: Sendable, Hashable {
    /// The content of a message of that role.
    case content(role: String)
    case thoughts, calls, tools
  }

  package let text: [UInt8]
  /// In the order of the text. A message may have several.
  package private(set) var turns: [Turn] = []
  /// The bytes that come from outside and never become a control token.
  let data: SortedRanges
  package let losses: Set<Loss>

  /// - Parameter prompt: how the template asks for an answer: it says where headers end.
  init(_ text: Text, of input: ChatInput, prompt: GenerationPrompt, hasGenerationPrompt: Bool) {
    self.text = text.bytes
    let runs = text.marks.map { Run($0.mark, end: $0.end) }
    data = Self.data(runs, input, in: text.bytes)
    losses = Self.losses(runs, input)
    if text.marks.contains(where: \.mark.isGenerated) {
      turns = Self.generatedTurns(text.marks, runs)
    } else {
      turns = turns(Self.parts(runs, isWhole: !hasGenerationPrompt), input, prompt)
    }
  }

  private func turns(_ parts: [Part], _ input: ChatInput, _ prompt: GenerationPrompt) -> [Turn] {
    var turns: [Turn] = []
    for part in parts {
      let said = part.said ?? part.range.upperBound
      var range = said..<end(of: part, from: said)
      if input.messages[part.message].role == "assistant" {
        let isFirst = turns.last?.message != part.message
        let opening = text[part.range.lowerBound..<said]
        let header = isFirst ? prompt.headerLength(of: opening) : 0
        let start = part.range.lowerBound + header
        range = start..<end(of: part, from: start)
        // GLM's turns have no end of their own: the mark that begins the next turn ends them.
        if part.endsWithSaid { range = range.lowerBound..<range.upperBound + markLength(at: range.upperBound) }
      }
      if !range.isEmpty { turns.append(Turn(message: part.message, range: range)) }
    }
    return turns
  }

  /// Where a turn ends: behind the last mark of the template. White space behind that is the template's; the author has stopped.
  private func end(of part: Part, from start: Int) -> Int {
    let closing = max(part.saidEnd ?? start, start)..<part.range.upperBound
    let last = text[closing].lastIndex { !($0 == 0x20 || (0x09...0x0D).contains($0)) }
    return last.map { $0 + 1 } ?? part.range.upperBound
  }

  /// The length of the template's mark, such as `<|user|>`, at a place of the text; 0 where there is none.
  private func markLength(at start: Int) -> Int {
    guard start < text.count, text[start] == UInt8(ascii: "<"),
      let end = text[start...].firstIndex(of: UInt8(ascii: ">")), !data.overlaps(start..<end + 1)
    else { return 0 }
    return text[start..<end].contains { $0 == 0x20 || $0 == 0x0A } ? 0 : end + 1 - start
  }

  // MARK: Runs of one origin

  /// Bytes of one origin, and the message in whose turn they stand.
  private struct Run {
    let origin: ChatOrigin?
    let end: Int
    /// The message that the loop was at; else the one that says it.
    let message: Int?

    init(_ mark: Mark, end: Int) {
      origin = ChatOrigin(mark.origin)
      self.end = end
      message = ChatOrigin(mark.item)?.message ?? (origin?.isSaid == true ? origin?.message : nil)
    }
  }

  /// The text of one message.
  private struct Part {
    let message: Int
    var range: Range<Int>
    /// Where the first byte is that the message says.
    var said: Int?
    /// Where what the message says ends; the template's text behind that ends the turn.
    var saidEnd: Int?
    var endsWithSaid: Bool { saidEnd == range.upperBound }
  }

  /// The parts of the messages, in order. What follows the last one ends it, where nothing is asked for after it.
  private static func parts(_ runs: [Run], isWhole: Bool) -> [Part] {
    var parts: [Part] = []
    var start = 0
    for run in runs {
      if let message = run.message {
        if let last = parts.last, last.message == message, last.range.upperBound == start {
          parts[parts.count - 1].range = last.range.lowerBound..<run.end
        } else {
          parts.append(Part(message: message, range: start..<run.end))
        }
        let isSaid = run.origin?.isSaid == true && run.origin?.message == message
        if isSaid, parts[parts.count - 1].said == nil { parts[parts.count - 1].said = start }
        if isSaid { parts[parts.count - 1].saidEnd = run.end }
      }
      start = run.end
    }
    if isWhole, let last = parts.last {
      parts[parts.count - 1].range = last.range.lowerBound..<(runs.last?.end ?? 0)
    }
    return parts
  }

  /// The turns where the template marks them by `{% generation %}`.
  private static func generatedTurns(_ marks: [Text.Run], _ runs: [Run]) -> [Turn] {
    var turns: [Turn] = []
    var message = 0
    var start = 0
    for (mark, run) in zip(marks, runs) {
      message = run.message ?? message
      if mark.mark.isGenerated {
        if let last = turns.last, last.message == message, last.range.upperBound == start {
          turns[turns.count - 1] = Turn(message: message, range: last.range.lowerBound..<run.end)
        } else {
          turns.append(Turn(message: message, range: start..<run.end))
        }
      }
      start = run.end
    }
    return turns
  }

  /// All text from outside, but for a role that is a plain word: some templates make a token of it, `<|user|>`.
  private static func data(_ runs: [Run], _ input: ChatInput, in text: [UInt8]) -> SortedRanges {
    var data = SortedRanges()
    var start = 0
    for run in runs {
      defer { start = run.end }
      switch run.origin {
      case nil: continue
      case .message(_, .role)?:
        let isWord = text[start..<run.end].allSatisfy { $0 == 0x5F || (0x61...0x7A).contains($0 | 0x20) }
        if !isWord { data.append(start..<run.end) }
      default: data.append(start..<run.end)
      }
    }
    return data
  }

  private static func losses(_ runs: [Run], _ input: ChatInput) -> Set<Loss> {
    // A bit for each field of a message.
    var found = [UInt8](repeating: 0, count: input.messages.count)
    var hasTools = false
    for run in runs {
      switch run.origin {
      case .message(let index, let field)?: found[index] |= 1 << UInt8(field.rawValue)
      case .tools?: hasTools = true
      default: break
      }
    }
    var losses = Set<Loss>()
    for (index, message) in input.messages.enumerated() {
      func has(_ field: ChatOrigin.Field) -> Bool { found[index] & 1 << UInt8(field.rawValue) != 0 }
      if !message.content.isEmpty, !message.content.allSatisfy(\.isWhitespace), !has(.content) {
        losses.insert(.content(role: message.role))
      }
      if message.callsTools, !has(.calls) { losses.insert(.calls) }
      let thoughts = Message.thoughtNames.lazy.compactMap { message[$0] }.first
      if thoughts?.string?.isEmpty == false, !has(.thought) { losses.insert(.thoughts) }
    }
    if !hasTools, input.tools?.array?.isEmpty == false { losses.insert(.tools) }
    return losses
  }
}
