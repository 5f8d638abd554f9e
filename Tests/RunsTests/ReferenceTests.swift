import Communication
import Corpus
import Files
import Foundation
import Models
import Runs
import Support
import Testing

@Suite struct ReferenceTests {
  private struct Answers: AnswerPairs {
    var count = 3
    let digest = "three"
    subscript(index: Int) -> AnswerPair { AnswerPair(prompt: [1, 2], first: [3, 4], second: [4, Int32(index % 11)]) }
  }

  private func configuration(_ change: (inout Llama.Configuration) -> Void = { _ in }) -> Llama.Configuration {
    Llama.Configuration {
      ($0.vocabularySize, $0.hiddenSize, $0.intermediateSize, $0.layers) = (11, 8, 12, 1)
      ($0.heads, $0.keyValueHeads, $0.maximumPositions, $0.tiesEmbeddings) = (2, 2, 16, true)
      change(&$0)
    }
  }

  private func scores(
    _ configuration: Llama.Configuration, _ scratch: ScratchFolder, notes: inout [String]
  ) throws -> [[Double]] {
    let model = configuration.makeModel(seed: 3)
    var added: [String] = []
    defer { notes += added }
    let scores = ReferenceScores(of: model, configuration, cache: scratch("cache"))
    return try #require(try scores.scores(of: PairLoader(Answers(), seed: 1)) { added.append($0) })
  }

  /// The same weights score otherwise under another configuration.
  @Test func theCacheKnowsTheConfiguration() throws {
    let scratch = try ScratchFolder()
    var notes: [String] = []
    let first = try scores(configuration(), scratch, notes: &notes)
    #expect(notes.count == 2)
    #expect(try scores(configuration(), scratch, notes: &notes) == first && notes.count == 2)
    let changes: [(inout Llama.Configuration) -> Void] = [
      { $0.ropeTheta = 100 }, { $0.rmsNormEpsilon = 0.1 }, { ($0.heads, $0.keyValueHeads) = (4, 4) },
    ]
    for change in changes {
      #expect(try scores(configuration(change), scratch, notes: &notes) != first)
    }
    #expect(notes.count == 8)
  }

  /// The same matrices of an adapter with another lora_alpha are another model.
  @Test func theCacheKnowsTheScaleOfAnAdapter() throws {
    func identity(_ alpha: Double) throws -> String {
      let model = configuration().makeModel(seed: 3)
      var adapter = AdapterConfiguration()
      (adapter.rank, adapter.alpha) = (2, alpha)
      try model.attach(adapter, seed: 1)
      return ReferenceScores(of: model, configuration()).identity
    }
    let (one, same, other) = try (identity(4), identity(4), identity(8))
    #expect(one == same && one != other)
    // What earlier versions know them by.
    #expect(one.split(separator: "-").prefix(2) == other.split(separator: "-").prefix(2))
  }

  @Test func whatIsDamagedIsComputedAgain() throws {
    let scratch = try ScratchFolder()
    var notes: [String] = []
    let first = try scores(configuration(), scratch, notes: &notes)
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: scratch("cache")).first)
    let url = scratch.url("cache/\(name)")
    let bytes = try Data(contentsOf: url)
    var flipped = bytes
    flipped[bytes.count - 3] ^= 1
    for damaged in [
      Data(), bytes.prefix(bytes.count - 1), bytes + [0], flipped, Data(repeating: 7, count: bytes.count),
    ] {
      try damaged.write(to: url)
      let before = notes.count
      #expect(try scores(configuration(), scratch, notes: &notes) == first && notes.count == before + 2)
      #expect(try Data(contentsOf: url) == bytes)
    }
  }

  /// Without the model the cache alone is asked.
  @Test func knownScoresNeedNoModel() throws {
    let scratch = try ScratchFolder()
    var notes: [String] = []
    let first = try scores(configuration(), scratch, notes: &notes)
    let identity = ReferenceScores(of: configuration().makeModel(seed: 3), configuration()).identity
    let known = ReferenceScores(known: identity, cache: scratch("cache"))
    #expect(try known.scores(of: PairLoader(Answers(), seed: 1)) { _ in } == first)
    let unknown = ReferenceScores(known: "other", cache: scratch("cache"))
    #expect(try unknown.scores(of: PairLoader(Answers(), seed: 1)) { _ in } == nil)
  }

  /// Each of several ranks computes a part, the first one keeps all of them, and those that have no cache have them from it.
  @Test func ranksShareTheWork() throws {
    let (scratch, configuration) = (try ScratchFolder(), configuration())
    @Sendable func scores(_ ranks: any Communicator, cache: String) throws -> (scores: [[Double]]?, notes: Int) {
      var notes = 0
      let reference = ReferenceScores(
        of: configuration.makeModel(seed: 3), configuration, cache: scratch("\(cache)-\(ranks.rank)"))
      let loader = PairLoader(Answers(count: 150), seed: 1)
      return (try reference.scores(of: loader, over: ranks) { _ in notes += 1 }, notes)
    }
    let alone = try scores(SoloCommunicator(), cache: "alone").scores
    #expect(alone?.count == 150)
    for count in [2, 3, 4] {
      let computed = try ThreadRanks.run(count) { try scores($0, cache: "\(count)") }
      let known = try ThreadRanks.run(count) { try scores($0, cache: "\(count)") }
      #expect(computed.allSatisfy { $0.scores == alone && $0.notes == 2 })
      #expect(known.allSatisfy { $0.scores == alone && $0.notes == 0 })
      #expect(try scratch.names().filter { $0.hasPrefix("\(count)-") && $0.hasSuffix(".scores") }.count == 1)
    }
  }

  /// ln 2 to four digits: another model's scores gave 0.6902.
  @Test(arguments: [(0.6931, true), (0.69320, true), (0.6902, false), (0.6934, false), (.nan, false)])
  func theFirstLossIsThatOfAModelThatIsItsReference(_ loss: Double, isRight: Bool) throws {
    let recipe = try RecipeFixture.decode(
      """
      { "task": "dpo", "model": { "from": "m" }, "data": { "train": "a" }, "optimizer": { "learning_rate": 1 },
        "training": { "batch_size": 2, "max_steps": 1 } }
      """)
    let first = try #require(FirstLoss(loss, of: recipe, vocabularySize: 5))
    #expect((first.failure == nil) == isRight)
  }

  /// The first loss of a model of 135M parameters on answers of 160 tokens, in bfloat16.
  @Test(arguments: [("bfloat16", 0.6934163, true), ("float32", 0.6934163, false), ("bfloat16", 0.6902, false)])
  func roundingMovesTheFirstLossALittle(_ precision: String, _ loss: Double, isRight: Bool) throws {
    let recipe = try RecipeFixture.decode(
      """
      { "task": "dpo", "model": { "from": "m" }, "data": { "train": "a" }, "optimizer": { "learning_rate": 1 },
        "training": { "batch_size": 2, "max_steps": 1, "precision": "\(precision)" } }
      """)
    let first = try #require(FirstLoss(loss, of: recipe, vocabularySize: 5))
    #expect((first.failure == nil) == isRight)
  }

  /// Dropout moves the loss of a model that its adapter changes already, rounding that of one whose base was taken apart.
  @Test(arguments: [
    ("", #""lora_dropout": 0.1"#, "float32", true), (#", "adapter": "a""#, #""lora_dropout": 0.1"#, "float32", false),
    (#", "adapter": "a""#, #""lora_dropout": 0"#, "bfloat16", true),
    ("", #""init_lora_weights": "pissa", "lora_dropout": 0.1"#, "float32", false),
    ("", #""init_lora_weights": "pissa""#, "float32", true), ("", #""init_lora_weights": "pissa""#, "bfloat16", false),
  ])
  func whatSetsAModelApartFromItsReferenceIsNoFault(
    _ start: String, _ adapter: String, _ precision: String, isFault: Bool
  ) throws {
    let recipe = try RecipeFixture.decode(
      """
      { "task": "dpo", "model": { "from": "m"\(start) }, "adapter": { \(adapter) }, "data": { "train": "a" },
        "optimizer": { "learning_rate": 1 },
        "training": { "batch_size": 2, "max_steps": 1, "precision": "\(precision)" } }
      """)
    let first = try #require(FirstLoss(0.68, of: recipe, vocabularySize: 5))
    #expect((first.failure != nil) == isFault)
  }
}
