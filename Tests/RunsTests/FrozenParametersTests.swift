import Autograd
import Checkpoints
import Corpus
import Files
import Kernels
import ModelFiles
import Models
import Runs
import Support
import Testing
import Training

/// All but one block of a small model is frozen.
@Suite struct FrozenParametersTests {
  private static let configurations = [
    """
    {"model_type": "llama", "vocab_size": 256, "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 3,
     "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "tie_word_embeddings": true}
    """,
    """
    {"model_type": "gpt2", "vocab_size": 256, "n_embd": 128, "n_inner": 256, "n_layer": 3, "n_head": 4,
     "n_positions": 64, "tie_word_embeddings": false}
    """,
  ]
  private static let cases = configurations.flatMap { configuration in
    Moment.Format.allCases.map { (configuration, $0) }
  }

  private static func configuration(_ text: String) throws -> any ModelConfiguration {
    let description = try ModelDescription(configuration: text, source: "test")
    return description.configuration(vocabularySize: description.vocabularySize!)
  }

  /// Trains the second of three blocks.
  private static func freeze(_ model: any LanguageModel) { model.freeze { !$0.contains(".1.") } }

  private static func trainer(
    _ model: any LanguageModel, _ format: Moment.Format, recompute: Bool = false
  ) -> Trainer {
    Trainer(
      model, objective: NextToken(), optimizer: AdamWSettings(weightDecay: 0.1, stateFormat: format), maximumNorm: 1,
      recompute: recompute)
  }

  /// The micro-batches of a step.
  private static func parts(step: Int) -> [Batch] {
    (0..<2).map { part in
      let tokens = (0..<2 * 33).map { Int32(($0 * 37 + step * 101 + part * 59) % 256) }
      return Batch(
        SequenceLayout(rows: 2, columns: 32), tokens: Array(tokens[0..<64]), targets: Array(tokens[1..<65]))
    }
  }

  private static func values(_ model: any LanguageModel, trained: Bool) -> [String: [UInt32]] {
    let named = model.namedParameters.filter { $0.parameter.isTrained == trained }
    return Dictionary(uniqueKeysWithValues: named.map { ($0.name, $0.value.elements.map(\.bitPattern)) })
  }

  @Test(arguments: cases) func aResumedRunHasTheSameBitsAndFrozenOnesStay(
    _ text: String, _ format: Moment.Format
  ) throws {
    let configuration = try Self.configuration(text)
    func model() -> any LanguageModel {
      let model = configuration.makeModel(seed: 7)
      Self.freeze(model)
      return model
    }
    func steps(_ range: Range<Int>, _ trainer: Trainer) throws {
      for step in range { _ = try #require(try trainer.step(Self.parts(step: step), learningRate: 1e-2)) }
    }
    let (first, whole) = (model(), Self.trainer(model(), format))
    try steps(0..<6, whole)
    try withScratchFolder { folder in
      let (weights, training) = ("\(folder)/model.h5", "\(folder)/training.h5")
      let before = Self.trainer(model(), format, recompute: true)
      try steps(0..<3, before)
      var state = TrainingState(recipe: "", data: "", coreType: "")
      state.step = 3
      try state.contents(before).write(to: training)
      try ModelFile.contents(before.model, configuration, tokenizer: nil, chatTemplate: "", step: 3).write(to: weights)

      let names = Set(Self.values(first, trained: true).keys)
      #expect(names.count == (text.contains("gpt2") ? 12 : 9))
      let file = try ArrayFile(training)
      for kind in ["exp_avg", "exp_avg_sq"] { #expect(Set(file.arrays(in: "optimizer.\(kind)").map(\.name)) == names) }

      let resumed = try StoredModel(at: weights).model()
      Self.freeze(resumed)
      let after = Self.trainer(resumed, format)
      _ = try TrainingState(reading: training, into: after)
      try steps(3..<6, after)
      #expect(Self.values(resumed, trained: true) == Self.values(whole.model, trained: true))
      #expect(Self.values(resumed, trained: false) == Self.values(first, trained: false))
      let changed = zip(first.namedParameters, resumed.namedParameters).filter {
        $0.value.elements != $1.value.elements
      }
      #expect(Set(changed.map(\.0.name)) == names)

      let other = configuration.makeModel(seed: 7)
      other.freeze { !$0.contains(".1.mlp.") }
      let failure = try #require(throws: Failure.self) {
        _ = try TrainingState(reading: training, into: Self.trainer(other, format))
      }
      #expect(failure.exitCode == 5 && failure.what.hasSuffix("was trained and is not now"), "\(failure)")
    }
  }

  /// A frozen weight costs neither gradient nor moments, which the plan knows, and the blocks below it keep no activations.
  @Test(arguments: cases) func memoryFallsByGradientsAndMoments(_ text: String, _ format: Moment.Format) async {
    // In a process of its own: other tests take memory too.
    await #expect(processExitsWith: .success) { [text = text as String, format = format.rawValue as String] in
      let format = try #require(Moment.Format(rawValue: format))
      let model = try Self.configuration(text).makeModel(seed: 7)
      let recipe = try RecipeFixture.decode(
        RecipeFixture.text, ["optimizer.state_dtype=\(format.rawValue)", "training.micro_batch_size=2"])
      /// Bytes that the plan counts.
      func planned() -> Int {
        let load = StepLoad(recipe, length: 32, samples: nil)
        let trained = Double(model.trainedParameterCount)
        return MemoryPlan(recipe, model.backbone.dimensions, load, trained: trained).bytes
      }
      /// Bytes in use between the micro-batches of a step, and the most so far.
      func usage() throws -> (live: Int, peak: Int) {
        let trainer = Self.trainer(model, format)
        var live = 0
        _ = try trainer.step(Self.parts(step: 0), learningRate: 1e-3) {
          live = Memory.usage.live
          return false
        }
        return (live, Memory.usage.peak)
      }
      Self.freeze(model)
      let (frozen, least) = (try usage(), planned())
      let saved = (4 + 2 * format.size) * (model.parameterCount - model.trainedParameterCount)
      for parameter in model.parameters { parameter.isTrained = true }
      let whole = try usage()
      #expect(saved > 1 << 20)
      #expect(whole.live - frozen.live == saved)
      #expect(whole.peak - frozen.peak > saved)
      #expect(planned() - least == saved)
    }
  }
}
