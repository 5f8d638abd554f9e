import Files
import Kernels
import Models
import Training

/// What a run says about itself before its first step.
struct StartNotes {
  let recipe: Recipe
  let preparation: Preparation
  let model: any LanguageModel
  /// The steps of the run, and how many of them are done.
  let steps: Int
  let step: Int
  /// Floating point operations a second of a large matrix product.
  let peak: Double

  /// The notes, a line each.
  var lines: [String] {
    let (train, validation) = (preparation.data.train, preparation.data.validation)
    let batches = recipe.batches(of: train)
    let epoch = train.epochTokens
    let tokens = min(batches.size, batches.sampleCount) * epoch.tokens / epoch.samples
    var lines = ["data: \(train.summary)"]
    if let validation {
      let read = recipe.evaluated(validation)
      let part = "; an evaluation reads \(read) of its \(validation.sampleCount) samples"
      lines.append("held out: \(validation.summary)\(read < validation.sampleCount ? part : "")")
    }
    let (all, trained) = (model.parameterCount, model.trainedParameterCount)
    let share = trained < all ? " (\(trained) of them trained)" : ""
    lines.append(
      "\(all) parameters\(share), \(steps.counted("step")) of \(tokens.counted("token")), \(batches.count) an epoch")
    let precision = recipe.training.precision == .float32 ? "" : " in \(recipe.training.precision.rawValue)"
    let speed = Progress.fixed(peak / 1e9, 0)
    let threads = Parallel.threads.counted("thread")
    let kernels = MatrixLibrary.coreType(in: recipe.training.precision)
    lines.append("\(threads), \(kernels) kernels, measured GEMM peak \(speed) GFLOP/s\(precision)")
    lines += RankNotes.start(
      samples: min(batches.size, batches.sampleCount), shardsState: recipe.optimizer.shardsState,
      threads: recipe.threads)
    if case .principal(let iterations?) = recipe.adapter?.adapter.start {
      lines.append("note: pissa_niter_\(iterations) is computed exactly, as pissa is: nothing is drawn")
    }
    if recipe.examples.answersPerSample > 0, let adapter = recipe.adapter?.adapter, adapter.dropout > 0 {
      lines.append(
        "note: adapter.lora_dropout acts on the log-probabilities that are compared; TRL's trainers switch it off unless "
          + "disable_dropout is false: adapter.lora_dropout=0 does that here")
    }
    if step > 0 { lines.append("resuming after step \(step)") }
    return lines + firstExample
  }

  /// The first example where it is turns that a template writes, so that its trained tokens can be looked at.
  private var firstExample: [String] {
    guard let format = preparation.text.chat, let parts = try? preparation.data.train.example(0) else { return [] }
    return parts.map { part in
      let text = ExampleText.marked(part, format.tokenizer, inColour: Output.log.hasColour)
      return "first example\(part.part.map { ", \($0)" } ?? ""), its trained tokens marked:\n\(text)"
    }
  }
}
