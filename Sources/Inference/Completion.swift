import Files
import Tokenizers

/// How a text is generated.
public struct GenerationOptions: Sendable, Equatable {
  /// How each token is chosen. Beam search uses the repetition penalty alone.
  public var sampling = SamplingOptions()
  /// What the random choices start from.
  public var seed: UInt64 = 1337
  /// The most tokens there will be.
  public var maximumTokens = 256
  /// Strings that end the text where one begins; none of them empty.
  public var stopStrings: [String] = []
  /// Whether white space at the beginning of the text is left out: before an answer it belongs to the template.
  public var dropsLeadingSpace = false
  /// How many texts a beam search follows at once; 1 is no beam search.
  public var beams = 1
  /// The power of the length that a beam's log-probability is divided by.
  public var lengthPenalty = 1.0
  /// Whether a text goes on when the model has no position for another token: the model then reads the last three quarters of
  /// what it has positions for again, behind the token that begins a text if there is one. A beam search ends instead.
  public var slidesWindow = false
  /// How many tokens of the prompt are computed at once.
  public var prefillChunk = 256

  /// Up to 256 tokens from the model's own distribution.
  public init() {}
}

/// A text that a model has written.
public struct Completion: Sendable {
  /// Why the text ends.
  public enum StopReason: String, Sendable {
    /// The model ended it.
    case endOfText = "end_of_text"
    /// A stop string occurred.
    case stopString = "stop_string"
    /// It has as many tokens as were asked for.
    case maximumTokens = "max_tokens"
    /// The model has no position for another token.
    case contextLimit = "context_limit"
    /// Whoever asked for it wanted no more.
    case interrupted
  }

  /// The text after the prompt, without special tokens and without a stop string.
  public var text: String
  /// Everything the model wrote, the end of the text or a stop string included.
  public var tokens: [Int32]
  /// The log-probability of each token under the model itself, without the sampler's changes.
  public var logProbabilities: [Double]
  public var stopReason: StopReason
  /// The number of tokens of the prompt.
  public var promptTokens: Int
  /// How long the prompt took.
  public var promptDuration: Duration = .zero
  /// How long the tokens after the first took.
  public var duration: Duration = .zero

  /// Tokens a second after the first, nil when there is no other.
  public var tokensPerSecond: Double? { tokens.count > 1 ? Double(tokens.count - 1) / duration.inSeconds : nil }

  /// Tokens of the prompt a second.
  public var promptTokensPerSecond: Double { Double(promptTokens) / promptDuration.inSeconds }
}

/// The text of tokens as they come, up to the first stop string.
struct TextStream {
  private let tokenizer: Tokenizer
  private var decoder: StreamingDecoder
  private var filter: StopFilter

  /// The text that follows the tokens of `prompt`.
  init(_ tokenizer: Tokenizer, after prompt: [Int32], stops: [String]) {
    self.tokenizer = tokenizer
    decoder = StreamingDecoder(tokenizer, beginsText: prompt.last.map(tokenizer.isSpecial) ?? true)
    filter = StopFilter(stops)
  }

  var isStopped: Bool { filter.isStopped }

  /// The text that is certain now that `token` has followed. A stop string may have a special token in it, whose text is
  /// not shown.
  mutating func append(_ token: Int32) -> String {
    let text = filter.append(decoder.append(token))
    guard tokenizer.isSpecial(token), let bytes = tokenizer.token(token) else { return text }
    return text + filter.append(hidden: bytes)
  }

  /// What was held back, when no token follows.
  mutating func finish() -> String {
    let rest = filter.append(decoder.finish())
    return isStopped ? rest : rest + filter.finish()
  }
}
