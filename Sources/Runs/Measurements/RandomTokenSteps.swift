import Autograd
import Corpus
import Files
import Kernels
import Models
import Training

/// Training steps of a recipe on random tokens.
struct RandomTokenSteps {
  let trainer: Trainer
  /// The loss of the last step.
  private(set) var loss = Double.nan
  private let recipe: Recipe
  private let length: Int
  private let vocabulary: Int
  private var generator: Generator

  init(_ recipe: Recipe, _ description: ModelDescription, length: Int) {
    (self.recipe, self.length) = (recipe, length)
    vocabulary = description.vocabularySize ?? recipe.tokenizer?.vocabularySize ?? 257
    let model = description.configuration(vocabularySize: vocabulary).makeModel(seed: UInt64(recipe.seed))
    trainer = Trainer(model, recipe)
    generator = Generator(seed: UInt64(recipe.seed))
  }

  /// What the next step trains on.
  mutating func nextBatches() throws(Failure) -> [Batch] {
    let rows = recipe.training.batchSize
    let loader = RandomTokens(generator: &generator, samples: rows, length: length, vocabularySize: vocabulary)
    return try loader.microBatches(0..<rows, size: recipe.microBatchSize)
  }

  /// Takes a step.
  mutating func take(_ batches: [Batch]) throws(Failure) {
    loss = try trainer.step(batches, learningRate: recipe.optimizer.learningRate)?.loss ?? .nan
  }

  /// Takes the next step, on other than the usual number of threads if that is wanted, and returns how long it took.
  mutating func seconds(threads: Int? = nil) throws(Failure) -> Double {
    let batches = try nextBatches()
    var problem: Failure?
    let seconds = Parallel.withThreads(threads ?? Parallel.threads) {
      Stopwatch.seconds { do throws(Failure) { try take(batches) } catch { problem = error } }
    }
    if let problem { throw problem }
    return seconds
  }
}

/// Windows of random tokens that follow one another.
private struct RandomTokens: SampleLoader {
  let order: SampleOrder
  let length: Int
  let tokens: [Int32]
  var tokenCount: Int { tokens.count }
  var fingerprint: String { "random" }
  var summary: String { "random tokens" }
  func tokenCount(ofSample sample: Int) -> Int { length(ofSample: sample) }
  var exampleCount: Int { order.count }
  func example(_ index: Int) -> [TrainedTokens] { [] }

  init(generator: inout Generator, samples: Int, length: Int, vocabularySize: Int) {
    order = SampleOrder(count: samples, seed: 0, shuffle: false)
    self.length = length
    tokens = (0...samples * length).map { _ in Int32.random(in: 0..<Int32(vocabularySize), using: &generator) }
  }

  func length(ofSample sample: Int) -> Int { length }

  func batch(samples: [Int]) -> Batch {
    Batch(
      SequenceLayout(rows: samples.count, columns: length),
      tokens: samples.flatMap { tokens[$0 * length..<($0 + 1) * length] },
      targets: samples.flatMap { tokens[$0 * length + 1...($0 + 1) * length] })
  }
}
