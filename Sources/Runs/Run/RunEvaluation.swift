import Communication
import Corpus
import Files
import Models
import Tokenizers
import Training

/// What a run measures and writes on the way: the loss of held-out samples, and continuations of prompts.
struct RunEvaluation {
  private let recipe: Recipe
  private let text: TextFormat
  /// What is held out; nil if nothing is.
  private let samples: (any SampleLoader)?
  /// The suites that are measured, too; nil for none.
  private let suites: SuiteSet?
  private var last: (step: Int, loss: Double)?

  init(_ recipe: Recipe, _ preparation: Preparation, _ samples: (any SampleLoader)?) {
    self.recipe = recipe
    text = preparation.text
    self.samples = samples
    suites = preparation.suites
  }

  /// The loss that was measured after a step; nil if none was.
  func loss(after step: Int) -> Double? { last.flatMap { $0.step == step ? $0.loss : nil } }

  /// Measures the model that is trained, after a step, and lets it write. Nothing of it is logged where it cannot be finished.
  mutating func run(_ trainer: Trainer, after step: Int, log: inout RunLog) throws(Failure) {
    log.endLine()
    var result: Evaluation?
    if let samples {
      let count = recipe.evaluated(samples)
      var progress = WorkProgress("evaluating", total: count, unit: "samples")
      result = try Evaluation(
        trainer.model, objective: trainer.objective, loader: samples, samples: count,
        size: .tokens(4096), tokenizer: text.tokenizer, reference: trainer.reference, ranks: trainer.ranks
      ) { progress.show($0) }
    }
    if let result { last = (step, result.loss) }
    let prompts = text.tokenizer == nil ? [] : recipe.evaluation.prompts
    let written = try onFirst(of: trainer.ranks) { () throws(Failure) in
      let measured = try suites.map { (suites) throws(Failure) in try suites.measure(trainer.model) }
      let texts = try continuations(of: prompts, by: trainer.model)
      return (suites: measured, texts: texts, answers: try answers(of: trainer.model))
    }
    guard let written else { return }
    log.evaluation(result, written.suites, step: step)
    for (prompt, text) in zip(prompts, written.texts) {
      log.sample(prompt: prompt, text: text, isAnswer: self.text.chat != nil, step: step)
    }
    for (prompt, text) in written.answers {
      log.sample(prompt: prompt.text, text: text, reference: prompt.reference, step: step)
    }
  }
}

extension RunEvaluation {
  /// What the model answers to prompts of what is held out.
  private func answers(
    of model: any LanguageModel
  ) throws(Failure) -> [(prompt: HeldOutPrompts.Prompt, text: String)] {
    guard let samples, let tokenizer = text.tokenizer, recipe.evaluation.answers > 0 else { return [] }
    let held = try HeldOutPrompts(samples, tokenizer, text.chat, count: recipe.evaluation.answers)
    var answers: [(prompt: HeldOutPrompts.Prompt, text: String)] = []
    for (index, prompt) in held.prompts.enumerated() {
      try StopRequest.check()
      let seed = UInt64(recipe.seed) &+ UInt64(index)
      answers.append((prompt, try Samples.answer(to: prompt.tokens, model, text, recipe.evaluation, seed: seed)))
    }
    return answers
  }

  private func continuations(of prompts: [String], by model: any LanguageModel) throws(Failure) -> [String] {
    var texts: [String] = []
    for (index, prompt) in prompts.enumerated() {
      try StopRequest.check()
      texts.append(
        try Samples.continuation(
          of: prompt, model, text, recipe.evaluation, seed: UInt64(recipe.seed) &+ UInt64(index)))
    }
    return texts
  }

  /// What `body` gives on the first rank; nothing on the others, which wait.
  ///
  /// - Throws: `.interrupted` on all ranks where a signal has stopped the first one.
  private func onFirst<Written>(
    of ranks: any Communicator, _ body: () throws(Failure) -> Written
  ) throws(Failure) -> Written? {
    var written: Written?
    var interruption: Failure?
    if ranks.isFirst {
      do throws(Failure) { written = try body() } catch {
        guard error.area == .interrupted else { throw error }
        interruption = error
      }
    }
    if try ranks.agree(any: interruption != nil) {
      throw interruption ?? Failure(.interrupted, "stopped by a signal")
    }
    return written
  }
}

extension Recipe {
  /// How many of the held-out samples an evaluation reads. Where the recipe leaves that open, it depends on them alone.
  func evaluated(_ samples: any SampleLoader) -> Int {
    if let batches = evaluation.batches { return min(samples.sampleCount, batches * training.batchSize) }
    let share = min(1, Self.cheapTokens / Double(samples.tokenCount))
    return max(1, Int((share * Double(samples.sampleCount)).rounded()))
  }

  /// What identifies what an evaluation reads: other samples have other losses.
  func identity(ofEvaluated samples: any SampleLoader) -> String {
    "\(samples.fingerprint) \(evaluated(samples)) of \(samples.sampleCount)"
  }

  /// Tokens that are cheap to read beside the steps between two evaluations.
  private static var cheapTokens: Double { 131_072 }
}
