import Files
import Tokenizers

/// Examples for instruction tuning: conversations, or texts, as tokens.
package struct InstructionData: Sendable {
  package let examples: TokenizedExamples
  package let summary: TuningSummary
  /// The index after the last example of each of the patterns.
  package let ends: [Int]
  /// A SHA-256 over the files, the template, the tokenizer and the settings.
  package let digest: String

  /// Reads the rows of the files that `patterns` name and encodes them.
  ///
  /// An example with more than `settings.maximumLength` tokens is truncated, dropped, or an error, as
  /// `settings.onOverflow` says. Rows of plain text end with the end of text and are trained as a whole.
  ///
  /// - Throws: `Failure` of area `.data` when a file is missing or malformed, more than half of the rows cannot be used,
  ///   or none is left; `.recipe` for unknown `fields`.
  package static func open(
    _ patterns: [String], settings: TuningSettings, format: ChatFormat
  ) throws(Failure) -> InstructionData {
    let reader = try TuningReader(settings: settings, format: format)
    let encoder = InstructionEncoder(reader.format, lossOn: settings.lossOn)
    var examples = TokenizedExamples()
    var texts = 0
    let reading = try reader.read(patterns, encoder) { (example, place, summary) throws(Failure) in
      summary.remark(example.remarks)
      guard try reader.admits(example.tokens.count, place, &summary) else { return }
      let length = min(example.tokens.count, settings.maximumLength)
      guard example.isTrained[..<length].contains(true) else {
        summary.truncated -= 1
        summary.drop(Failure(.data, "no trained token is left after truncation", at: place), isFault: false)
        return
      }
      examples.append(tokens: example.tokens[..<length], isTrained: example.isTrained[..<length])
      summary.used += 1
      if example.isText { texts += 1 }
    }
    var summary = reading.summary
    if texts > 0, settings.lossOn != .all {
      summary.warnings.append(
        "plain text without turns is trained as a whole: \(texts) of \(summary.rows) rows")
    }
    if texts < summary.used, !format.endsAnswers {
      summary.warnings.append(
        "the chat template writes no special token behind an answer: a model does not learn from it to end one")
    }
    return InstructionData(examples: examples, summary: summary, ends: reading.ends, digest: reading.digest)
  }

  /// The data in two parts, about `fraction` of the rows in the second; ``TuningSplit`` says which.
  package func split(
    fraction: Double, seed: UInt64?
  ) throws(Failure) -> (train: InstructionData, validation: InstructionData) {
    let split = try TuningSplit(examples.count, fraction: fraction, seed: seed)
    func part(_ rows: [Int]) -> InstructionData {
      InstructionData(
        examples: examples.subexamples(rows), summary: summary, ends: TuningSplit.ends(ends, among: rows),
        digest: TuningSplit.identity(of: rows, in: digest))
    }
    return (part(split.train), part(split.validation))
  }
}

/// Turns rows into tokens and says which of them are trained.
struct InstructionEncoder: RowEncoder {
  struct Example: Sendable {
    var tokens: [Int32] = []
    var isTrained: [Bool] = []
    var isText = false
    /// What the user should know about the row; equal remarks are counted.
    var remarks: [String] = []
  }

  private var encoder: ChatEncoder
  private let lossOn: LossOn

  init(_ format: ChatFormat, lossOn: LossOn) {
    encoder = ChatEncoder(format)
    self.lossOn = lossOn
  }

  mutating func example(of row: TuningRow) throws(Failure) -> Example {
    var example: Example
    switch try row.instruction() {
    case .conversation(let input, let answers):
      example = try self.example(of: input, answers: answers)
      example.remarks += row.unread(isText: false, input.messages) + row.unreadLabel
    case .text(let text):
      example = self.example(of: text)
      example.remarks += row.unread(isText: true)
    }
    if !example.isTrained.contains(true) { throw row.unusable("the row has no trained token") }
    return example
  }

  private mutating func example(of text: String) -> Example {
    let tokenizer = encoder.format.tokenizer
    var tokens = tokenizer.addsBeginningOfText ? [tokenizer.beginningOfText].compactMap(\.self) : []
    encoder.append(text, to: &tokens)
    if let end = tokenizer.endOfText ?? encoder.format.stopTokens.first { tokens.append(end) }
    return Example(tokens: tokens, isTrained: tokens.indices.map { $0 > 0 }, isText: true)
  }

  private mutating func example(of input: ChatInput, answers: Int?) throws(Failure) -> Example {
    let chat = try encoder.encode(input)
    var example = Example(tokens: chat.tokens, remarks: encoder.format.remarks(on: chat))
    example.isTrained = Array(repeating: lossOn == .all, count: chat.tokens.count)
    let last = input.messages.lastIndex { $0.role == "assistant" }
    for turn in chat.turns {
      let message = input.messages[turn.message]
      let isAnswer =
        switch lossOn {
        case .all: true
        case .assistant: message.role == "assistant" && turn.message >= answers ?? 0 || message.isTrained == true
        case .completion: answers.map { turn.message >= $0 && message.role == "assistant" } ?? (turn.message == last)
        }
      for token in turn.tokens { example.isTrained[token] = isAnswer && message.isTrained != false }
    }
    if !example.isTrained.isEmpty { example.isTrained[0] = false }
    return example
  }
}

extension ChatFormat {
  /// What a user should know about a conversation: what the template leaves out, and control tokens that stay text.
  func remarks(on chat: EncodedChat) -> [String] {
    var remarks = chat.losses.compactMap { loss -> String? in
      switch loss {
      case .content(let role): "the chat template leaves out the text of turns of \(role)"
      case .thoughts:
        Message.thoughtNames.contains { template.mentions($0) }
          ? nil : "the chat template leaves out the thoughts of answers"
      case .calls: "the chat template leaves out calls of tools"
      case .tools: "the chat template leaves out the tools"
      }
    }
    if chat.writesNull { remarks.append("the chat template writes None or null for content that is null") }
    if chat.spellsSpecialTokens { remarks.append("text spells special tokens, which stay text") }
    return remarks.sorted()
  }
}
