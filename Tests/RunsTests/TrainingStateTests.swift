import Files
import Foundation
import Models
import Runs
import Support
import Testing
import Training

@Suite struct TrainingStateTests {
  /// Past losses that cannot be read are no past without losses: the run would go on by other rules than one that never stopped.
  @Test func pastLossesThatCannotBeReadAreAFailure() throws {
    let text = """
      {"model_type": "llama", "vocab_size": 11, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
       "num_attention_heads": 2, "max_position_embeddings": 8}
      """
    let description = try ModelDescription(configuration: text, source: "test")
    func trainer() -> Trainer {
      Trainer(
        description.configuration(vocabularySize: 11).makeModel(seed: 1), objective: NextToken(),
        optimizer: AdamWSettings(), maximumNorm: 1)
    }
    let folder = try ScratchFolder()
    let path = folder("training.h5")
    var state = TrainingState(recipe: "", data: "", coreType: "")
    let losses = [3.14159, 2.71828, 1.41421]
    for loss in losses { state.history.record(loss: loss, norm: 1.5, isFar: false, isSkipped: false) }
    try state.contents(trainer()).write(to: path)
    #expect(try TrainingState(reading: path, into: trainer()).history.losses == losses)

    var bytes = [UInt8](try Data(contentsOf: folder.url("training.h5")))
    let pattern = withUnsafeBytes(of: losses[1].bitPattern.littleEndian, Array.init)
    let place = try #require(bytes.indices.dropLast(8).first { Array(bytes[$0..<$0 + 8]) == pattern })
    bytes[place] ^= 1
    try Data(bytes).write(to: folder.url("training.h5"))
    let failure = try #require(throws: Failure.self) { try TrainingState(reading: path, into: trainer()) }
    #expect(failure.what.contains("losses"), "\(failure)")
  }

  /// Losses of other objectives and on other samples are not compared, whatever was said before.
  @Test func anotherMeasureIsSaid() throws {
    func state(_ heldOut: String?, beta: Double = 0.1) -> TrainingState {
      var state = TrainingState(recipe: #"{"objective": {"beta": \#(beta)}}"#, data: "", coreType: "")
      state.heldOut = heldOut
      return state
    }
    for (before, now, isSame) in [
      (state("a"), state("a"), true), (state(nil), state("a"), true), (state("a"), state("b"), false),
      (state("a"), state("a", beta: 0.5), false),
    ] {
      var (earlier, later, latest) = (before, now, now)
      earlier.evaluated = 4
      let warnings = try later.resume(from: earlier, at: "", allowsChangedData: false)
      #expect(later.measuredAfter == (isSame ? -1 : 4) && warnings.isEmpty == isSame, "\(warnings)")
      let others = try latest.resume(from: later, at: "", allowsChangedData: false)
      #expect(others.isEmpty && latest.measuredAfter == later.measuredAfter)
    }
  }

  /// Where nothing was held out there is no loss that could have been compared.
  @Test func aFirstMeasureIsNoOther() throws {
    var earlier = TrainingState(recipe: #"{"objective": {"beta": 0.1}}"#, data: "", coreType: "")
    earlier.heldOut = TrainingState.nothingHeldOut
    earlier.evaluated = 4
    for (heldOut, beta) in [("a", 0.1), (TrainingState.nothingHeldOut, 0.5)] {
      var later = TrainingState(recipe: #"{"objective": {"beta": \#(beta)}}"#, data: "", coreType: "")
      later.heldOut = heldOut
      let warnings = try later.resume(from: earlier, at: "", allowsChangedData: false)
      #expect(warnings.isEmpty && later.measuredAfter == 4, "\(warnings)")
    }
  }

  /// The same curve with another number of processes is promised only where nothing is drawn for each micro-batch.
  @Test(arguments: [
    (#"{"adapter": {"lora_dropout": 0}, "objective": {"name": "sft"}}"#, "the curve does not"),
    (#"{"adapter": {"lora_dropout": 0.1}}"#, "so does the noise"),
    (#"{"adapter": null, "objective": {"neftune_noise_alpha": 5}}"#, "so does the noise"),
  ])
  func anotherNumberOfProcessesIsSaid(_ recipe: String, _ words: String) throws {
    var earlier = TrainingState(recipe: recipe, data: "", coreType: "")
    earlier.ranks = 4
    var state = TrainingState(recipe: recipe, data: "", coreType: "")
    let warnings = try state.resume(from: earlier, at: "", allowsChangedData: false)
    #expect(warnings.count == 1 && warnings[0].contains("4 processes and goes on with 1: "), "\(warnings)")
    #expect(warnings[0].contains(words), "\(warnings)")
  }
}
