import Files
import Models

/// A text while it is written: what it is so far, and all that its next token depends on.
struct TextInProgress {
  var completion: Completion
  var cache: KeyValueCache
  /// The logits of the next token.
  var logits: [Float] = []
  private let prompt: [Int32]
  private var sampler: Sampler
  private var stream: TextStream
  private let dropsLeadingSpace: Bool
  /// When its first token was drawn.
  private var start: ContinuousClock.Instant?

  /// A text that continues `prompt`, which `cache` holds.
  init(
    _ generator: TextGenerator, prompt: [Int32], cache: KeyValueCache, _ options: GenerationOptions, seed: UInt64
  ) {
    completion = Completion(
      text: "", tokens: [], logProbabilities: [], stopReason: .maximumTokens, promptTokens: prompt.count)
    self.cache = cache
    self.prompt = prompt
    sampler = Sampler(options.sampling, seed: seed, knownTokens: generator.knownTokens)
    sampler.observe(prompt)
    stream = TextStream(generator.tokenizer, after: prompt, stops: options.stopStrings)
    dropsLeadingSpace = options.dropsLeadingSpace
  }

  /// The prompt and what follows it.
  var tokens: [Int32] { prompt + completion.tokens }

  /// The last token.
  var last: Int32 { completion.tokens[completion.tokens.count - 1] }

  /// Draws the next token, which the cache then lacks, and returns the text that is certain now.
  ///
  /// - Throws: `Failure` of area `.numerics` for logits that are not finite.
  mutating func draw() throws(Failure) -> String {
    start = start ?? .now
    let (token, logProbability) = try sampler.next(logits)
    completion.tokens.append(token)
    completion.logProbabilities.append(logProbability)
    return added(stream.append(token))
  }

  /// Ends the text if its last token does, and returns what was held back of it; nil where it goes on.
  mutating func end(_ generator: TextGenerator, _ options: GenerationOptions) -> String? {
    let reason = generator.stopReason(
      after: last, stream, count: completion.tokens.count, cache: cache, options)
    return reason.map { end($0) }
  }

  /// Ends the text, and returns what was held back of it.
  mutating func end(_ reason: Completion.StopReason) -> String {
    completion.stopReason = reason
    completion.duration = start.map { ContinuousClock.now - $0 } ?? .zero
    return added(stream.finish())
  }

  private mutating func added(_ text: String) -> String {
    let isBeginning = dropsLeadingSpace && completion.text.isEmpty
    let text = isBeginning ? String(text.drop(while: \.isWhitespace)) : text
    completion.text += text
    return text
  }
}
