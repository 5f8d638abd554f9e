import Files
import Tokenizers

/// What a row for preference tuning holds: two answers to one prompt, the first of which is the better one.
enum PreferenceRow {
  /// Turns; both answers begin with one of the assistant.
  case conversation(prompt: ChatInput, chosen: [Message], rejected: [Message])
  /// Plain texts.
  case text(prompt: String, chosen: String, rejected: String)
}

extension TuningRow {
  /// The row as a pair of answers; its form is recognised by its columns.
  ///
  /// The answers are `chosen` and `rejected`, as texts, messages or transcripts. The prompt is `prompt` (a text or
  /// messages), `messages`, ShareGPT's `conversations`, Alpaca's `instruction` and `input`, `question`, or `input`; without any
  /// of them it is what both sides begin with.
  func preference() throws(Failure) -> PreferenceRow {
    guard has("chosen", "rejected") else {
      let has = ["chosen", "rejected"].filter { self[$0] != nil }
      throw has.isEmpty
        ? unusable(
          "the row has neither \"\(name("chosen"))\" nor \"\(name("rejected"))\"", "found \(foundColumns)",
          self["label"] != nil ? "answers with a label are read with objective.name=kto" : nil)
        : unusable("the row has no \"\(name(has[0] == "chosen" ? "rejected" : "chosen"))\"")
    }
    let pair =
      switch (try side("chosen"), try side("rejected"), try prompt()) {
      case (.turns(let chosen), .turns(let rejected), let prompt?):
        try self.pair(chosen, rejected, after: prompt)
      case (.turns(let chosen), .turns(let rejected), nil): try self.pair(chosen, rejected)
      case (.text(let chosen), .text(let rejected), let prompt?):
        try conversation(
          prompt, [Message(role: "assistant", content: chosen)], [Message(role: "assistant", content: rejected)])
      case (.text(let chosen), .text(let rejected), nil): try self.pair(chosen, rejected)
      default: throw unusable("one side is a text, the other one messages")
      }
    try check(pair)
    return pair
  }

  private enum Side {
    case turns([Message])
    case text(String)
  }

  private func side(_ column: String) throws(Failure) -> Side {
    guard self[column]?.string != nil else { return .turns(try messages(column)) }
    let text = try text(column)
    return Transcript.messages(in: text).map { .turns($0) } ?? .text(text)
  }

  /// The turns before the answer, where columns of their own hold them.
  ///
  /// `prompt` counts before `messages`, which some files have besides: the prompt with the better answer (UltraFeedback).
  func prompt() throws(Failure) -> [Message]? {
    for column in ["messages", "conversations"] where has(column) && !has("prompt") { return try messages(column) }
    if has("instruction") { return try alpacaPrompt() }
    if has("prompt") { return try promptTurns() }
    if has("question") { return try turns("question", as: "user") }
    return hasOwn("input") ? try turns("input", as: "user") : nil
  }

  private func promptTurns() throws(Failure) -> [Message] {
    guard let text = self["prompt"]?.string, var turns = Transcript.messages(in: text) else {
      return try turns("prompt", as: "user")
    }
    if turns.last?.role == "assistant", turns.last?.content.isEmpty == true { turns.removeLast() }
    return turns
  }

  private func conversation(
    _ prompt: [Message], _ chosen: [Message], _ rejected: [Message]
  ) throws(Failure) -> PreferenceRow {
    .conversation(prompt: try input(withSystem(prompt)), chosen: chosen, rejected: rejected)
  }

  /// A pair with a prompt of its own, which the sides may repeat.
  private func pair(
    _ chosen: [Message], _ rejected: [Message], after prompt: [Message]
  ) throws(Failure) -> PreferenceRow {
    if chosen.first?.role == "assistant", rejected.first?.role == "assistant" {
      return try conversation(prompt, chosen, rejected)
    }
    guard let asked = prompt.last, chosen.contains(asked), rejected.contains(asked) else {
      throw unusable("the sides neither answer the prompt nor repeat it")
    }
    let system = prompt.first?.role == "system" && chosen.first?.role != "system" ? [prompt[0]] : []
    return try pair(system + chosen, system + rejected)
  }

  /// The prompt is the longest common prefix after which both sides continue with an assistant turn.
  private func pair(_ chosen: [Message], _ rejected: [Message]) throws(Failure) -> PreferenceRow {
    if chosen == rejected { throw identical }
    var common = zip(chosen, rejected).prefix { $0 == $1 }.count
    common = min(common, chosen.count - 1, rejected.count - 1)
    while common > 0, chosen[common].role != "assistant" || rejected[common].role != "assistant" { common -= 1 }
    if common == 0 { throw noPrompt }
    return try conversation(Array(chosen[..<common]), Array(chosen[common...]), Array(rejected[common...]))
  }

  /// The prompt is the longest common beginning that ends with a word and leaves something on both sides.
  private func pair(_ chosen: String, _ rejected: String) throws(Failure) -> PreferenceRow {
    if chosen.hasSameBytes(as: rejected) { throw identical }
    let (one, other) = (Array(chosen.utf8), Array(rejected.utf8))
    let common = zip(one, other).prefix { $0 == $1 }.count
    let cut = one[..<common].lastIndex { $0 == 0x20 || $0 == 0x0a } ?? 0
    if cut == 0 { throw noPrompt }
    func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
    return .text(prompt: text(one[..<cut]), chosen: text(one[cut...]), rejected: text(other[cut...]))
  }

  private func check(_ pair: PreferenceRow) throws(Failure) {
    switch pair {
    case .text(let prompt, let chosen, let rejected):
      if prompt.isBlank { throw noPrompt }
      if chosen.isBlank || rejected.isBlank { throw unusable("one side is nothing but the prompt") }
    case .conversation(let prompt, let chosen, let rejected):
      for answer in [chosen, rejected] { try check(answer, to: prompt.messages) }
      if chosen == rejected { throw identical }
    }
  }

  /// Refuses an answer that does not begin and end with an assistant turn, or has nothing to answer.
  func check(_ answer: [Message], to prompt: [Message]) throws(Failure) {
    if prompt.isEmpty { throw noPrompt }
    guard answer.first?.role == "assistant", answer.last?.role == "assistant" else {
      throw unusable("an answer does not begin and end with an assistant turn")
    }
  }

  private var identical: Failure { unusable("the two sides are identical") }
  private var noPrompt: Failure { unusable("the two sides have no prompt in common") }
}
