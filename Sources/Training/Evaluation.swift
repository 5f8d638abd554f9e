import Communication
import Corpus
import Files
import Foundation
import Models
import Tokenizers

/// How well a model does on held-out samples.
package struct Evaluation: Sendable {
  /// The objective's measures over all samples.
  package let measures: Measures
  /// Loss in bits divided by the bytes of text of the tokens; nil without a tokenizer.
  package let bitsPerByte: Double?
  /// Tokens that were predicted.
  package let tokens: Int
  /// The share of the held-out samples that were read.
  package let share: Double

  /// The mean loss: of a token, in nats, or of a pair.
  package var loss: Double { measures["loss"] ?? .nan }
  /// e^loss where the loss is that of tokens.
  package var perplexity: Double? { measuresTokens ? exp(loss) : nil }
  private let measuresTokens: Bool

  /// Measures `objective` on at most `samples` samples spread over the data, computed in parts of `size`.
  ///
  /// - Parameters:
  ///   - reference: the model that the objective compares with, where it scores answers that only the evaluation
  ///     brings together.
  ///   - progress: gets the number of samples that are done.
  ///   - ranks: the processes that divide the samples among them; all have the result.
  /// - Throws: `.interrupted` on all ranks once a signal has asked any to stop.
  package init(
    _ model: any LanguageModel, objective: any Objective, loader: any SampleLoader, samples: Int,
    size: MicroBatchSize, tokenizer: Tokenizer?, reference: (any LanguageModel)? = nil,
    ranks: any Communicator = SoloCommunicator(), progress: (Int) -> Void = { _ in }
  ) throws(Failure) {
    let lengths = tokenizer.map(TokenLengths.init)
    let parts = Parts(loader: loader, samples: loader.order.spread(samples), size: size, ranks: ranks)
    var context = StepContext(model, reference: reference)
    var shares = Sums()
    try parts.visit(adding: &shares) { batch, shares in
      guard let share = objective.stepMean(of: batch, context) else { return false }
      shares.measures.add(share)
      return true
    }
    context.stepMean = shares.measures.means.first?.value
    var sums = Sums()
    try parts.visit(adding: &sums, progress: progress) { batch, sums in
      sums.measures.add(objective.loss(batch, context), weight: objective.weight(of: batch))
      sums.tokens += batch.weight
      sums.bytes += lengths?.bytes(of: batch.targets) ?? 0
      return true
    }
    let (measures, tokens, bytes) = (sums.measures, sums.tokens, sums.bytes)
    self.measures = measures
    self.tokens = tokens
    share = Double(parts.samples.count) / Double(loader.sampleCount)
    measuresTokens = objective.measuresTokens
    let loss = measures["loss"] ?? .nan
    if tokens > 0, loss.isNaN {
      let bad = model.namedParameters.first { !$0.value.isFinite }
      throw Failure(
        .numerics, "the model's loss is not a number",
        notes: bad.map { ["parameter \"\($0.name)\" is not finite"] } ?? [])
    }
    bitsPerByte = measuresTokens && bytes > 0 ? loss * Double(tokens) / log(2) / Double(bytes) : nil
  }
}

/// What is added up over the samples.
private struct Sums {
  var measures = Measures()
  var tokens = 0
  var bytes = 0

  /// The sums over all ranks, in their order.
  ///
  /// - Throws: `.interrupted` if `isStopped` on any.
  func added(over ranks: any Communicator, isStopped: Bool) throws(Failure) -> Sums {
    if ranks.isSolo { return self }
    var message = Message()
    message.append(isStopped ? 1 : 0)
    message.append(tokens)
    message.append(bytes)
    measures.append(to: &message)
    var (sums, isAnyStopped) = (Sums(), false)
    for bytes in try ranks.gather(message.bytes) {
      var message = Message(bytes)
      if message.integer() != 0 { isAnyStopped = true }
      sums.tokens += message.integer()
      sums.bytes += message.integer()
      sums.measures.add(Measures(&message))
    }
    if isAnyStopped { throw Failure(.interrupted, "stopped by a signal") }
    return sums
  }
}

/// The samples of an evaluation, a few at a time, each rank its own.
private struct Parts {
  let loader: any SampleLoader
  let samples: [Int]
  let size: MicroBatchSize
  let ranks: any Communicator

  /// Calls `body` with one batch after the other until it returns false, and adds up the sums of all ranks.
  func visit(adding sums: inout Sums, progress: (Int) -> Void = { _ in }, _ body: (Batch, inout Sums) -> Bool)
    throws(Failure)
  {
    let isStopped = try !visitOwn(adding: &sums, progress, body)
    if isStopped, ranks.isSolo { try StopRequest.check() }
    sums = try sums.added(over: ranks, isStopped: isStopped)
  }

  /// False once a signal has asked to stop.
  private func visitOwn(adding sums: inout Sums, _ progress: (Int) -> Void, _ body: (Batch, inout Sums) -> Bool)
    throws(Failure) -> Bool
  {
    let own = ranks.slice(of: samples.indices)
    for start in stride(from: own.lowerBound, to: own.upperBound, by: 64) {
      let group = start..<min(own.upperBound, start + 64)
      let batches = try loader.microBatches(group, of: samples, size: size)
      for (index, batch) in batches.enumerated() {
        if StopRequest.signal != nil { return false }
        if !body(batch, &sums) { return true }
        let done = start - own.lowerBound + group.count * (index + 1) / batches.count
        progress(min(samples.count, ranks.count * done))
      }
    }
    return true
  }
}
