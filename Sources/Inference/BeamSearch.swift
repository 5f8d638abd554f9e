import Files
import Foundation
import Models

/// Follows the likeliest texts side by side, as Hugging Face does: of the 2 n likeliest continuations of n beams, those
/// that end a text are set aside, and the best n of the others continue. A finished text scores its log-probability
/// divided by a power of its length, and the search ends when no beam can score more than the worst of n.
package struct BeamSearch {
  let generator: TextGenerator
  let prompt: [Int32]
  let options: GenerationOptions

  package init(generator: TextGenerator, prompt: [Int32], options: GenerationOptions) {
    self.generator = generator
    self.prompt = prompt
    self.options = options
  }

  /// A text that continues: the cache holds all of it, and `logits` are those of the next token.
  private struct Beam {
    var tokens: [Int32] = []
    var logProbabilities: [Double] = []
    /// The sum of the log-probabilities, with the repetition penalty.
    var score = 0.0
    var text = ""
    var stream: TextStream
    var cache: KeyValueCache
    var logits: [Float]
  }

  /// A text that has ended.
  private struct Hypothesis {
    var beam: Beam
    var worth: Double
    var stopReason: Completion.StopReason
  }

  /// A possible continuation of a beam.
  private struct Continuation {
    var beam: Int
    var token: Int32
    var score: Double
    var logProbability: Double
  }

  package func run() throws(Failure) -> Completion {
    let clock = ContinuousClock()
    var completion = Completion(
      text: "", tokens: [], logProbabilities: [], stopReason: .maximumTokens, promptTokens: prompt.count)
    if options.maximumTokens == 0 { return completion }
    let cache = generator.makeCache(for: prompt, options)
    var logits: [Float] = []
    completion.promptDuration = clock.measure { logits = generator.prefill(prompt, cache: cache, options) }
    let start = clock.now
    let stream = TextStream(generator.tokenizer, after: prompt, stops: options.stopStrings)
    let best = try search(from: Beam(stream: stream, cache: cache, logits: logits))
    completion.duration = clock.now - start
    completion.tokens = best.beam.tokens
    completion.logProbabilities = best.beam.logProbabilities
    completion.text = options.dropsLeadingSpace ? String(best.beam.text.drop(while: \.isWhitespace)) : best.beam.text
    completion.stopReason = best.stopReason
    return completion
  }

  private func search(from beam: Beam) throws(Failure) -> Hypothesis {
    var beams = [beam]
    var finished: [Hypothesis] = []
    while true {
      let continuations = try continuations(of: beams)
      var next: [Beam] = []
      for (rank, continuation) in continuations.enumerated() where next.count < options.beams {
        let (beam, reason) = extended(beams[continuation.beam], by: continuation)
        if reason == .endOfText || reason == .stopString {
          if rank < options.beams { finished.append(hypothesis(beam, reason!)) }
        } else {
          next.append(beam)
        }
      }
      finished = Array(finished.sorted { $0.worth > $1.worth }.prefix(options.beams))
      let length = beams[0].tokens.count + 1
      // The beams that continue are sorted, the best first; a likelier one that has ended is no longer among them.
      if finished.count == options.beams, let best = next.first,
        finished[finished.count - 1].worth >= worth(best.score, length)
      {
        return finished[0]
      }
      let room = length < options.maximumTokens && beams[0].cache.length < generator.model.maximumPositions
      if !room || next.isEmpty {
        let reason: Completion.StopReason = length < options.maximumTokens ? .contextLimit : .maximumTokens
        finished += next.map { hypothesis($0, reason) }
        return finished.max { $0.worth < $1.worth }!
      }
      beams = advanced(next)
    }
  }

  private func worth(_ score: Double, _ length: Int) -> Double { score / pow(Double(length), options.lengthPenalty) }

  private func hypothesis(_ beam: Beam, _ reason: Completion.StopReason) -> Hypothesis {
    var beam = beam
    beam.text += beam.stream.finish()
    return Hypothesis(beam: beam, worth: worth(beam.score, beam.tokens.count), stopReason: reason)
  }

  /// The beam with one more token, whose logits are still those before it.
  private func extended(_ beam: Beam, by continuation: Continuation) -> (beam: Beam, reason: Completion.StopReason?) {
    var result = beam
    result.tokens.append(continuation.token)
    result.logProbabilities.append(continuation.logProbability)
    result.score = continuation.score
    result.text += result.stream.append(continuation.token)
    let reason = generator.stopReason(
      after: continuation.token, result.stream, count: result.tokens.count, cache: beam.cache, options)
    return (result, reason)
  }

  /// The 2 n likeliest continuations of all beams, best first.
  private func continuations(of beams: [Beam]) throws(Failure) -> [Continuation] {
    let wanted = 2 * options.beams
    var best: [Continuation] = []
    for (index, beam) in beams.enumerated() {
      let normalizer = try Sampler.logSumExp(beam.logits)
      let seen = options.sampling.repetitionPenalty == 1 ? [] : Set(prompt + beam.tokens)
      for (token, logit) in beam.logits.prefix(generator.knownTokens).enumerated() {
        let logProbability = Double(logit) - normalizer
        let isSeen = seen.contains(Int32(token))
        let score =
          beam.score + (isSeen ? logProbability.penalized(options.sampling.repetitionPenalty) : logProbability)
        if best.count == wanted, score <= best[wanted - 1].score { continue }
        let place = best.firstIndex { $0.score < score } ?? best.count
        if best.count == wanted { best.removeLast() }
        best.insert(
          Continuation(beam: index, token: Int32(token), score: score, logProbability: logProbability), at: place)
      }
    }
    return best
  }

  /// The beams with the logits after their last tokens. The last of those that come from one beam reuses its cache.
  private func advanced(_ beams: [Beam]) -> [Beam] {
    var result = beams
    for index in beams.indices where beams[(index + 1)...].contains(where: { $0.cache === beams[index].cache }) {
      result[index].cache = beams[index].cache.branched()
    }
    let last = result.map { $0.tokens[$0.tokens.count - 1] }
    let logits = generator.model.nextTokenLogits(last, caches: result.map(\.cache)).elements
    let count = generator.model.vocabularySize
    for row in result.indices { result[row].logits = Array(logits[row * count..<(row + 1) * count]) }
    return result
  }
}
