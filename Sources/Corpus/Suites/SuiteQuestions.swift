import Files
import Tokenizers

/// A question as tokens.
package struct SuiteQuestion: Sendable, Equatable {
  /// Contexts with the answers that follow them: one context, unless answers of different lengths leave it different room.
  package var texts: [ContinuedText]
  /// The place of the right answer.
  package var answer: Int
  /// The lengths of the answers.
  package var lengths: [Length]

  /// How long an answer is, in characters as Python counts them and in bytes of UTF-8.
  package struct Length: Sendable, Equatable {
    package var characters: Int
    package var bytes: Int

    package init(characters: Int, bytes: Int) { (self.characters, self.bytes) = (characters, bytes) }
  }

  package init(texts: [ContinuedText], answer: Int, lengths: [Length]) {
    (self.texts, self.answer, self.lengths) = (texts, answer, lengths)
  }
}

/// A text with several continuations, of which none sees another.
package struct ContinuedText: Sendable, Equatable {
  /// At least one token.
  package var context: [Int32]
  /// At least one token each.
  package var continuations: [[Int32]]

  package init(context: [Int32], continuations: [[Int32]]) {
    (self.context, self.continuations) = (context, continuations)
  }

  /// The places that it takes in a batch.
  package var length: Int { context.count - 1 + continuations.reduce(0) { $0 + $1.count } }
}

/// Questions to tokens, cut where lm-evaluation-harness cuts them (`TemplateLM._encode_pair`, `HFLM._loglikelihood_tokens`).
package struct SuiteEncoder {
  private let tokenizer: Tokenizer
  private let first: Int32?
  private let firstText: [UInt8]?
  private let positions: Int
  private var encoder: Tokenizer.Encoder
  /// Questions whose beginning was left out, because the model has no positions for it.
  package private(set) var truncated = 0

  /// - Parameters:
  ///   - first: what stands before an answer without a context where the tokenizer has no beginning of text, and its files name
  ///     no end: the harness asks the tokenizer's files and not the model's configuration.
  ///   - positions: the longest text that the model reads.
  package init(_ tokenizer: Tokenizer, first: Int32? = nil, positions: Int) {
    let named = ["bos_token", "eos_token"].map { tokenizer.namedTokens[$0].flatMap(tokenizer.id(ofToken:)) }
    self.tokenizer = tokenizer
    self.first = named[0] ?? tokenizer.beginningOfText ?? named[1] ?? first ?? tokenizer.endOfText
    firstText = self.first.flatMap(tokenizer.token)
    self.positions = positions
    encoder = Tokenizer.Encoder(tokenizer)
  }

  /// At most the first `limit` questions of a suite, in their order, each with its examples.
  ///
  /// - Throws: `.data` naming a question that cannot be asked, `.tokenizer` where nothing can stand before its answers.
  package mutating func questions(
    of suite: SuiteFile, limit: Int? = nil, examples: SuiteExamples? = nil
  ) throws(Failure) -> [SuiteQuestion] {
    var contexts = try SuiteContexts(of: suite, examples)
    var questions: [SuiteQuestion] = []
    for row in suite.rows.prefix(limit ?? suite.rows.count) {
      try StopRequest.check()
      let context = try contexts.context(of: row)
      questions.append(try question(row, context: context, delimiter: suite.format.delimiter))
    }
    return questions
  }

  private mutating func question(
    _ row: SuiteRow, context: String, delimiter: String
  ) throws(Failure) -> SuiteQuestion {
    var texts: [ContinuedText] = []
    var isCut = false
    for choice in row.choices {
      var (before, answer) = try pair(context, delimiter + choice, row)
      guard !answer.isEmpty, answer.count <= positions else {
        throw Failure(
          .data, answer.isEmpty ? "an answer has no token of its own" : "an answer is longer than the model reads",
          at: row.place,
          notes: ["it is \(JSONValue(choice).found)", "\(answer.count) tokens; the model has \(positions) positions"])
      }
      // One token more than the model reads: the last one is only predicted.
      let excess = before.count + answer.count - (positions + 1)
      if excess > 0 {
        isCut = true
        before.removeFirst(excess)
      }
      if let last = texts.indices.last, texts[last].context == before {
        texts[last].continuations.append(answer)
      } else {
        texts.append(ContinuedText(context: before, continuations: [answer]))
      }
    }
    if isCut { truncated += 1 }
    let lengths = row.choices.map { SuiteQuestion.Length(characters: $0.unicodeScalars.count, bytes: $0.utf8.count) }
    return SuiteQuestion(texts: texts, answer: row.answer, lengths: lengths)
  }

  /// The tokens before an answer, and its own. White space at the end of the context goes to the answer, and both are
  /// encoded together; what the context has tokens for alone is the context's.
  private mutating func pair(
    _ context: String, _ answer: String, _ row: SuiteRow
  ) throws(Failure) -> (context: [Int32], answer: [Int32]) {
    if context.isEmpty {
      guard let first else {
        throw Failure(
          .tokenizer, "the tokenizer has no token that begins or ends a text", at: row.place,
          notes: ["the question has nothing before its answers, and a model predicts only what follows a token"])
      }
      let tokens = encode(answer, addingBeginning: false)
      return tokens.first == first ? ([first], Array(tokens.dropFirst())) : ([first], tokens)
    }
    let kept = context.endStrippedAsInPython
    let before = encode(kept, addingBeginning: true)
    guard !before.isEmpty else {
      throw Failure(.data, "the text before the answers is nothing but white space", at: row.place)
    }
    let whole = encode(context + answer, addingBeginning: true)
    return (before, Array(whole.dropFirst(before.count)))
  }

  private mutating func encode(_ text: String, addingBeginning: Bool) -> [Int32] {
    let bytes = Array(text.utf8)
    var tokens: [Int32] = []
    let begins = firstText.map { bytes.starts(with: $0) } ?? false
    if addingBeginning, tokenizer.addsBeginningOfText, !begins, let beginning = tokenizer.beginningOfText {
      tokens = [beginning]
    }
    encoder.append(bytes, special: .parse, to: &tokens)
    return tokens
  }
}

extension Batch {
  /// The texts side by side as one row; its answers are all their continuations, in their order.
  package init(continuing texts: some Collection<ContinuedText>) {
    var row = BranchingRow()
    var answers: [Answer] = []
    for text in texts {
      for places in row.append(text.context[...], continuations: text.continuations.map { $0[...] }) {
        answers.append(Answer(places: places, isPreferred: false))
      }
    }
    self = row.batch(tokenCount: texts.reduce(0) { $0 + $1.length }, answers: answers)
  }
}
