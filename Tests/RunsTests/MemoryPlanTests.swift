import Autograd
import Corpus
import Files
import Kernels
import Models
import Runs
import Support
import Testing
import Training

@Suite struct MemoryPlanTests {
  /// What a step really has in memory at its peak, beside what the plan says of it: in a process of its own, as other tests take
  /// memory too.
  @Test(arguments: [
    // Two micro-batches; one; whole blocks recomputed; a head that outweighs the blocks; halves.
    ["training.micro_batch_size=4"], ["training.micro_batch_size=8"],
    ["training.micro_batch_size=8", "training.recompute=true", "model.num_hidden_layers=8"],
    ["training.micro_batch_size=4", "model.vocab_size=20000"],
    ["training.micro_batch_size=2", "optimizer.state_dtype=bfloat16", "model.hidden_size=512"],
  ])
  func theStepsPeakIsAsPlanned(_ overrides: [String]) async {
    await #expect(processExitsWith: .success) { [overrides = overrides as [String]] in
      let recipe = try RecipeFixture.decode(RecipeFixture.text, ["data.sequence_length=64"] + overrides)
      let vocabulary = recipe.model.description!.vocabularySize ?? 257
      let configuration = recipe.model.description!.configuration(vocabularySize: vocabulary)
      let load = StepLoad(recipe, length: 64, samples: 8)
      let planned = MemoryPlan(recipe, configuration.dimensions, load).parts
        .filter { !["program", "data", "prefetched batches"].contains($0.name) }.reduce(0) { $0 + $1.bytes }
      let trainer = Trainer(configuration.makeModel(seed: 1), recipe)
      let size = recipe.training.microBatchSize!
      let parts = (0..<8 / size).map { _ in
        let tokens = (0..<Int32(64 * size)).map { $0 * 37 % 251 }
        return Batch(SequenceLayout(rows: size, columns: 64), tokens: tokens, targets: tokens)
      }
      _ = try trainer.step(parts, learningRate: 1e-3)
      let ratio = planned / Double(Memory.usage.peak)
      #expect(ratio > 0.9 && ratio < 1.12, "\(planned) planned, \(Memory.usage.peak) taken")
    }
  }

  private func check(_ overrides: [String], usable: Int) throws -> Failure? {
    let recipe = try RecipeFixture.decode(RecipeFixture.text, overrides)
    let configuration = recipe.model.description!.configuration(vocabularySize: 257)
    do throws(Failure) {
      try MemoryCheck(
        recipe: recipe, model: configuration.dimensions, length: 32, data: nil, isResuming: false
      ).run(usable: usable)
      return nil
    } catch {
      return error
    }
  }

  @Test func aRunThatDoesNotFitIsRefused() throws {
    #expect(try check([], usable: 1 << 30) == nil)
    let failure = try #require(
      try check(["training.batch_size=4096", "training.micro_batch_size=4096"], usable: 1 << 28))
    #expect(failure.exitCode == 6, "\(failure)")
    #expect(failure.notes[0].contains("it needs about") && failure.notes[0].contains("256 MiB are usable"))
    #expect(failure.notes.contains { $0.hasPrefix("training.micro_batch_size=1: about") && $0.hasSuffix("which fits") })
    #expect(failure.notes.count { $0.contains("=") && $0.contains("about") } == 3, "\(failure)")
    #expect(failure.notes.last == "training.check_memory=false starts it all the same")
    let forced = ["training.batch_size=4096", "training.micro_batch_size=4096", "training.check_memory=false"]
    #expect(try check(forced, usable: 1 << 28) == nil)
  }

  /// Four processes have a quarter of the moments each: what none of them could train alone may begin.
  @Test func whatRanksDivideIsNotNeededByEach() throws {
    let recipe = try RecipeFixture.decode(
      RecipeFixture.text,
      [
        "model.hidden_size=1024", "model.intermediate_size=4096", "model.num_hidden_layers=16",
        "training.micro_batch_size=1",
      ])
    #expect(throws: Failure.self) { try recipe.checkMemory(usable: 3_000_000_000) }
    try recipe.checkMemory(ranks: 4, usable: 3_000_000_000)
  }

  /// Batches wait in memory even where the micro-batches are small.
  @Test(arguments: [
    ["training.batch_size=2147483647"], ["training.batch_size=2147483647", "training.micro_batch_size=1"],
    ["model.num_hidden_layers=100000", "model.hidden_size=2147483584", "model.intermediate_size=2147483647"],
    ["model.num_hidden_layers=100000", "model.hidden_size=65536"],
  ])
  func noRecipeTraps(_ overrides: [String]) throws {
    let failure = RecipeFixture.failure(RecipeFixture.text, overrides)
    let refusal = try failure == nil ? check(overrides, usable: 1 << 40) : failure
    #expect([3, 6].contains(try #require(refusal).exitCode), "\(String(describing: refusal))")
  }
}
