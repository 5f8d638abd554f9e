import Autograd
import Files
import ModelFiles
import Models
import Tokenizers

/// Writes text with a language model.
public struct TextGenerator {
  /// The model that writes.
  public let model: any LanguageModel
  /// What turns text into the model's tokens and back.
  public let tokenizer: Tokenizer
  /// The tokens that end a text: generation stops after any of them.
  public let endTokens: [Int32]
  /// The token that an empty prompt becomes, nil when the model has none.
  private let firstToken: Int32?

  /// A generator that stops at `endTokens`, by default the tokenizer's end of text, and begins with `beginningToken`, by
  /// default the tokenizer's.
  public init(
    _ model: any LanguageModel, _ tokenizer: Tokenizer, endTokens: [Int32]? = nil, beginningToken: Int32? = nil
  ) {
    self.model = model
    self.tokenizer = tokenizer
    self.endTokens = endTokens ?? tokenizer.endOfText.map { [$0] } ?? []
    firstToken = beginningToken ?? tokenizer.beginningOfText ?? tokenizer.endOfText
  }

  /// The generator of a `model.h5`, given as its own path or that of its step folder or run folder.
  ///
  /// - Throws: `Failure` of the areas `.checkpoint`, `.model` or `.tokenizer`, naming everything that does not fit.
  public init(at path: String) throws(Failure) { try self.init(ModelFile.open(path)) }

  /// The generator of a model on disk, which must have a tokenizer.
  package init(_ stored: StoredModel) throws(Failure) {
    guard let tokenizer = stored.tokenizer else {
      throw Failure(
        .tokenizer, "the model has no tokenizer", notes: ["it was trained on tokens whose text it does not know"])
    }
    self.init(try stored.model(), tokenizer, endTokens: stored.endTokens, beginningToken: stored.beginningToken)
  }

  /// The tokens that a text beginning with `prompt` begins with: after the beginning of text if the tokenizer adds one;
  /// an empty prompt is what separates texts.
  public func tokens(ofPrompt prompt: String) throws(Failure) -> [Int32] {
    var tokens: [Int32] = []
    if tokenizer.addsBeginningOfText, let beginning = tokenizer.beginningOfText { tokens = [beginning] }
    tokens += tokenizer.encode(prompt, special: .parse)
    if tokens.isEmpty, let first = firstToken { tokens = [first] }
    if tokens.isEmpty {
      throw Failure(
        .usage, "the prompt is empty, and the model has no token that begins a text", notes: ["give a prompt"])
    }
    return tokens
  }

  /// Continues `prompt`, which has at least one token, calling `onText` with the text as it becomes certain. A beam
  /// search has nothing to show before its end. Where `isInterrupted` says so after a token, the text ends with it.
  ///
  /// - Throws: `Failure` of the area `.usage` when the prompt is too long for the model, of `.numerics` when the model
  ///   gives logits that are not finite.
  public func complete(
    _ prompt: [Int32], options: GenerationOptions = GenerationOptions(), onText: (String) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) throws(Failure) -> Completion {
    try check(prompt)
    if options.beams > 1 {
      let completion = try BeamSearch(generator: self, prompt: prompt, options: options).run()
      onText(completion.text)
      return completion
    }
    return try sample(prompt, options: options, onText: onText, isInterrupted: isInterrupted)
  }

  private func sample(
    _ prompt: [Int32], options: GenerationOptions, onText: (String) -> Void, isInterrupted: () -> Bool
  ) throws(Failure) -> Completion {
    let cache = makeCache(for: prompt, options)
    var text = TextInProgress(self, prompt: prompt, cache: cache, options, seed: options.seed)
    if options.maximumTokens == 0 { return text.completion }
    text.completion.promptDuration = ContinuousClock().measure { text.logits = prefill(prompt, cache: cache, options) }
    while true {
      let certain = try text.draw()
      if !certain.isEmpty { onText(certain) }
      if let rest = isInterrupted() ? text.end(.interrupted) : text.end(self, options) {
        if !rest.isEmpty { onText(rest) }
        return text.completion
      }
      if isFull(text) {
        slide(&text, options)
      } else {
        text.logits = model.nextTokenLogits([text.last], cache: text.cache).elements
      }
    }
  }

  // MARK: Steps that all ways to write share

  /// - Parameter name: what messages call it.
  /// - Throws: `Failure` of area `.usage` for a prompt that is too long for the model.
  package func check(_ prompt: [Int32], called name: String = "the prompt") throws(Failure) {
    precondition(!prompt.isEmpty, "a prompt has at least one token")
    precondition(prompt.allSatisfy { 0..<model.vocabularySize ~= Int($0) }, "the prompt has tokens of another model")
    if prompt.count > model.maximumPositions {
      throw Failure(
        .usage, "\(name) is too long for the model",
        notes: ["it has \(prompt.count) tokens, the model takes \(model.maximumPositions)"])
    }
  }

  /// Why a text ends with `token`, nil when it continues. The cache holds everything before the token.
  func stopReason(
    after token: Int32, _ stream: TextStream, count: Int, cache: KeyValueCache, _ options: GenerationOptions
  ) -> Completion.StopReason? {
    if endTokens.contains(token) { return .endOfText }
    if stream.isStopped { return .stopString }
    if count >= options.maximumTokens { return .maximumTokens }
    let slides = options.slidesWindow && options.beams == 1
    return cache.length >= model.maximumPositions && !slides ? .contextLimit : nil
  }

  /// Whether the model has no position for the last token of a text.
  func isFull(_ text: TextInProgress) -> Bool { text.cache.length >= model.maximumPositions }

  /// Makes the model read the end of a text anew, so that there are positions for what follows.
  func slide(_ text: inout TextInProgress, _ options: GenerationOptions) {
    let tokens = text.tokens
    let beginsText = tokenizer.addsBeginningOfText && tokens.first == tokenizer.beginningOfText
    // A single position is the last token's.
    let first = tokens.prefix(beginsText && model.maximumPositions > 1 ? 1 : 0)
    let recent = tokens.suffix(max(1, model.maximumPositions * 3 / 4 - first.count))
    text.cache = KeyValueCache(for: model, capacity: model.maximumPositions)
    text.logits = prefill(Array(first + recent), cache: text.cache, options)
  }

  func makeCache(for prompt: [Int32], _ options: GenerationOptions) -> KeyValueCache {
    let (wanted, overflow) = prompt.count.addingReportingOverflow(options.maximumTokens)
    return KeyValueCache(for: model, capacity: overflow ? model.maximumPositions : min(model.maximumPositions, wanted))
  }

  /// The logits after the prompt, which the cache then holds.
  func prefill(_ prompt: [Int32], cache: KeyValueCache, _ options: GenerationOptions) -> [Float] {
    model.nextTokenLogits(prompt, chunk: options.prefillChunk, cache: cache).elements
  }

  /// The number of tokens that can be chosen: a model's vocabulary may be padded.
  var knownTokens: Int { min(tokenizer.vocabularySize, model.vocabularySize) }
}
