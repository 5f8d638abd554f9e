import Files
import Kernels
import Models

/// A text to write.
public struct GenerationRequest: Sendable {
  /// What it begins with, at least one token.
  public var prompt: [Int32]
  /// What its random choices start from.
  public var seed: UInt64

  /// A continuation of `prompt`.
  public init(prompt: [Int32], seed: UInt64) { (self.prompt, self.seed) = (prompt, seed) }
}

extension TextGenerator {
  /// Writes several texts side by side: the tokens of up to `width` of them are computed as one batch, and each text that ends
  /// makes room for the next. Equal prompts that follow each other are read once. A text does not depend on those beside it, but
  /// for the last bits of its log-probabilities.
  ///
  /// - Parameter onCompletion: gets each text and its place among the requests, in their order.
  /// - Throws: `Failure` of the area `.usage` when a prompt is too long for the model, of `.numerics` when the model gives
  ///   logits that are not finite; and what `onCompletion` throws.
  public func complete(
    _ requests: [GenerationRequest], options: GenerationOptions = GenerationOptions(), width: Int = 16,
    onCompletion: (_ index: Int, Completion) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(width > 0, "no texts side by side")
    for request in requests { try check(request.prompt) }
    var texts = TextsSideBySide(generator: self, options: options, requests: requests, width: width)
    for index in requests.indices {
      while texts.completed[index] == nil { try texts.advance() }
      try onCompletion(index, texts.completed.removeValue(forKey: index)!)
    }
  }
}

/// The state of several texts that are written side by side.
private struct TextsSideBySide {
  let generator: TextGenerator
  let options: GenerationOptions
  let requests: [GenerationRequest]
  let width: Int
  /// The texts that have ended, by their places among the requests.
  var completed: [Int: Completion] = [:]
  /// Those that have not, with the logits of their next tokens.
  private var texts: [(index: Int, text: TextInProgress)] = []
  private var begun = 0
  /// The last prompt that was read.
  private var latest: (prompt: [Int32], cache: KeyValueCache, logits: [Float], duration: Duration)?

  init(generator: TextGenerator, options: GenerationOptions, requests: [GenerationRequest], width: Int) {
    (self.generator, self.options, self.requests, self.width) = (generator, options, requests, width)
  }

  /// Fills the room that there is, and draws one token for every text.
  mutating func advance() throws(Failure) {
    while texts.count < width, begun < requests.count {
      if options.maximumTokens > 0 {
        texts.append((begun, begin(requests[begun])))
      } else {
        completed[begun] = Completion(
          text: "", tokens: [], logProbabilities: [], stopReason: .maximumTokens,
          promptTokens: requests[begun].prompt.count)
      }
      begun += 1
    }
    try draw()
    let drawn = texts
    texts = []
    for (index, var text) in drawn {
      if text.end(generator, options) == nil {
        texts.append((index, text))
      } else {
        completed[index] = text.completion
      }
    }
    if !texts.isEmpty { computeLogits() }
  }

  private mutating func begin(_ request: GenerationRequest) -> TextInProgress {
    if latest?.prompt != request.prompt {
      let cache = generator.makeCache(for: request.prompt, options)
      var logits: [Float] = []
      let duration = ContinuousClock().measure { logits = generator.prefill(request.prompt, cache: cache, options) }
      latest = (request.prompt, cache, logits, duration)
    }
    var text = TextInProgress(
      generator, prompt: request.prompt, cache: latest!.cache.branched(), options, seed: request.seed)
    text.logits = latest!.logits
    text.completion.promptDuration = latest!.duration
    return text
  }

  /// Draws a token for every text, on all threads: a choice among a large vocabulary takes its time.
  private mutating func draw() throws(Failure) {
    var failures = [Failure?](repeating: nil, count: texts.count)
    failures.withUnsafeMutableBufferPointer { failures in
      texts.withUnsafeMutableBufferPointer { texts in
        Parallel.run(texts.count) { index, _ in
          do throws(Failure) { _ = try texts[index].text.draw() } catch { failures[index] = error }
        }
      }
    }
    for case .some(let failure) in failures { throw failure }
  }

  /// The logits after the last token of every text.
  private mutating func computeLogits() {
    let full = texts.indices.filter { generator.isFull(texts[$0].text) }
    for row in full { generator.slide(&texts[row].text, options) }
    let rows = texts.indices.filter { !full.contains($0) }
    if rows.isEmpty { return }
    let continued = rows.map { texts[$0].text }
    let logits = generator.model.nextTokenLogits(continued.map(\.last), caches: continued.map(\.cache)).elements
    let count = generator.model.vocabularySize
    for (index, row) in rows.enumerated() {
      texts[row].text.logits = Array(logits[index * count..<(index + 1) * count])
    }
  }
}
