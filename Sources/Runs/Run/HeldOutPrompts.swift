import Corpus
import Files
import Tokenizers

/// Prompts of what is held out, with the answers that the data has to them: a model that is tuned answers them on the way.
struct HeldOutPrompts {
  /// A prompt, and the answer of the data.
  struct Prompt {
    var tokens: [Int32]
    var text: String
    var reference: String
  }

  private(set) var prompts: [Prompt] = []

  /// So many prompts, at even distances in `samples`. Samples in which nothing comes before what is trained have none.
  ///
  /// - Throws: `.data` for an example that cannot be read.
  init(_ samples: any SampleLoader, _ tokenizer: Tokenizer, _ format: ChatFormat?, count: Int) throws(Failure) {
    if samples is WindowLoader { return }
    let question = QuestionText(tokenizer, format)
    let count = min(count, samples.exampleCount)
    for index in 0..<count {
      let parts = try samples.example(index * samples.exampleCount / count)
      guard let part = parts.first(where: { $0.part != "rejected" }), let first = part.isTrained.firstIndex(of: true),
        first > 1
      else { continue }
      let answer = zip(part.tokens, part.isTrained).dropFirst(first).prefix { $0.1 }.map(\.0)
      let tokens = Array(part.tokens[..<first])
      prompts.append(
        Prompt(
          tokens: tokens, text: question.text(of: tokens).trimmed,
          reference: String(decoding: tokenizer.decode(answer, skippingSpecial: true), as: UTF8.self).trimmed))
    }
  }
}
