import Files
import Jinja

/// How a template asks for an answer, from which follows where the header of an assistant's turn ends: what a model is given
/// it does not write.
struct GenerationPrompt: Sendable {
  /// What the template writes for `add_generation_prompt`; empty where that changes nothing.
  let text: [UInt8]
  /// What stands before a plain answer in a template that has no generation prompt.
  let opening: [UInt8]

  /// The number of bytes at the beginning of an assistant's turn that are its header.
  ///
  /// - Parameter opening: the turn up to the first thing that is said; all of it where nothing is.
  func headerLength(of opening: ArraySlice<UInt8>) -> Int {
    if text.isEmpty { return Self.commonLength(opening, self.opening[...]) }
    if let place = Self.firstPlace(of: text, in: opening) { return place + text.count - opening.startIndex }
    let common = Self.commonLength(opening, text[...])
    return common > 0 ? common : opening.count
  }

  private static func firstPlace(of part: [UInt8], in whole: ArraySlice<UInt8>) -> Int? {
    guard part.count <= whole.count else { return nil }
    return (whole.startIndex...(whole.endIndex - part.count)).first { whole[$0..<$0 + part.count].elementsEqual(part) }
  }

  /// The length of the longest common beginning that does not end inside a mark such as `<think>` or `[INST]`: marks are
  /// often tokens.
  static func commonLength(_ one: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Int {
    let common = zip(one, other).prefix { $0 == $1 }.count
    let isWhole = common == one.count || common == other.count
    let beginning = one.prefix(common)
    for (opening, closing) in [(UInt8(ascii: "<"), UInt8(ascii: ">")), (UInt8(ascii: "["), UInt8(ascii: "]"))] {
      guard !isWhole, let start = beginning.lastIndex(of: opening), !beginning[start...].contains(closing) else {
        continue
      }
      return start - one.startIndex
    }
    // A character of several bytes is not cut either.
    var length = common
    while length > 0, length < one.count, one[one.startIndex + length] & 0xC0 == 0x80 { length -= 1 }
    return length
  }
}

extension GenerationPrompt {
  /// What a template writes for a question, with an answer and without.
  struct Probe {
    private let question: Text?
    private let asked: Text?
    private let answered: Text?

    init(
      _ template: ChatTemplate, _ named: [(name: String, value: Value)], _ variables: [JSONMember], _ now: TemplateTime
    ) {
      func text(_ messages: [Message], asks: Bool = false) -> Text? {
        let input = ChatInput(messages, tools: nil, variables: variables)
        return try? template.render(input, named, addingGenerationPrompt: asks, now: now)
      }
      let turns = [Message(role: "user", content: "x"), Message(role: "assistant", content: "y")]
      question = text([turns[0]])
      asked = text([turns[0]], asks: true)
      answered = text(turns)
    }

    /// What the template writes only for `add_generation_prompt`.
    private var prompt: [UInt8] {
      guard let question, let asked else { return [] }
      return Array(asked.bytes[GenerationPrompt.commonLength(asked.bytes[...], question.bytes[...])...])
    }

    /// The text around the answer.
    private var surroundings: (before: [UInt8], after: [UInt8])? {
      guard let answered,
        let run = answered.marks.lastIndex(where: {
          ChatOrigin($0.mark.origin)?.message == 1
            && ChatOrigin($0.mark.origin)?.isSaid == true
        })
      else { return nil }
      let marks = answered.marks
      var first = run
      while first > 0, ChatOrigin(marks[first - 1].mark.item)?.message == 1 { first -= 1 }
      let start = run > 0 ? marks[run - 1].end : 0
      return (
        Array(answered.bytes[(first > 0 ? marks[first - 1].end : 0)..<start]), Array(answered.bytes[marks[run].end...])
      )
    }

    /// The text behind an answer.
    var ending: [UInt8]? { surroundings?.after }

    var generationPrompt: GenerationPrompt {
      GenerationPrompt(text: prompt, opening: surroundings?.before ?? [])
    }
  }
}
