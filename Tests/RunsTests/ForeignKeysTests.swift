import Files
import Runs
import Testing

/// Keys that other programs have, keys of another choice, and keys that exclude each other: answered with what is meant.
@Suite struct ForeignKeysTests {
  @Test func everyKeyOfTheTableIsOneOfARecipe() {
    let keys = Set(Recipe.reference.map(\.path))
    #expect(ForeignKeys.targets.subtracting(keys).sorted() == [])
    // A recipe's own key is not called otherwise elsewhere.
    for key in Recipe.reference where ForeignKeys.meaning(of: key.path)?.key != nil {
      #expect(ForeignKeys.meaning(of: key.path)?.key == key.path || key.path.hasPrefix("model."), "\(key.path)")
    }
  }

  /// What a recipe says with this in the place of its training section's rest: one problem, with the note.
  @Test(arguments: [
    (#""optimizer": { "lr": 1e-3 }"#, "optimizer.lr", #"here it is "optimizer.learning_rate""#),
    (#""learning_rate": 1e-3, "optimizer": {}"#, "learning_rate", #"did you mean "optimizer.learning_rate"?"#),
    (
      #""lora": { "rank": 8, "alpha": 16 }, "optimizer": { "learning_rate": 1 }"#, "lora",
      #""lora.rank" is here "adapter.r""#
    ),
    (#""dropout": 0.1, "optimizer": { "learning_rate": 1 }"#, "dropout", "there is no dropout here"),
    (#""dtype": "bf16", "optimizer": { "learning_rate": 1 }"#, "dtype", #"here it is "training.precision""#),
    (#""device": "cuda", "optimizer": { "learning_rate": 1 }"#, "device", "everything runs on the processors"),
    (
      #""gradient_accumulation_steps": 4, "optimizer": { "learning_rate": 1 }"#, "gradient_accumulation_steps",
      #"here it is "training.micro_batch_size""#
    ),
  ])
  func aForeignKeyIsAnsweredWithOurs(_ keys: String, _ name: String, _ note: String) throws {
    let text = RecipeFixture.text(
      replacing: #""optimizer": { "name": "adamw", "learning_rate": 1e-3, "betas": [0.9, 0.95] },"#, with: "\(keys),")
    let failure = try #require(RecipeFixture.failure(text))
    #expect(failure.what == "unknown key \"\(name)\"" && failure.others.isEmpty, "\(failure)")
    #expect(failure.notes.contains { $0.contains(note) }, "\(failure)")
  }

  @Test func theLengthOfARunIsNotMissedBesideItsForeignName() throws {
    let text = RecipeFixture.text(replacing: #""max_steps": 100"#, with: #""num_train_epochs": 3"#)
    let failure = try #require(RecipeFixture.failure(text))
    #expect(failure.what == "unknown key \"training.num_train_epochs\"" && failure.others.isEmpty, "\(failure)")
    #expect(failure.notes == [#"here it is "training.epochs""#])
    let command = try #require(RecipeFixture.failure(RecipeFixture.text, ["lr=3e-4"]))
    #expect(command.exitCode == 2 && command.notes == [#"here it is "optimizer.learning_rate""#])
  }

  // MARK: Conflicts

  @Test(arguments: [
    (
      #""from": "m", "hidden_size": 64"#,
      #""model.hidden_size" describes a new model, and "model.from" takes one that exists"#
    ),
    (
      #""architecture": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "n_embd": 64"#,
      #""model.n_embd" is a key of architecture "gpt2", not of "llama""#
    ),
  ])
  func aKeyOfAnotherModelSaysSo(_ model: String, _ what: String) throws {
    let text = """
      { "task": "pretrain", "model": { \(model) }, "tokenizer": { "from": "bytes" }, "data": { "train": "a.txt" },
        "optimizer": { "learning_rate": 1 }, "training": { "batch_size": 1, "max_steps": 1 } }
      """
    let failure = try #require(RecipeFixture.failure(text))
    #expect(failure.what == what && failure.others.isEmpty, "\(failure)")
  }

  @Test func aKeyOfAnotherScheduleSaysSo() throws {
    let text = RecipeFixture.text(replacing: #""name": "cosine""#, with: #""name": "cosine", "decay_steps": 3"#)
    #expect(
      RecipeFixture.failure(text)?.what == #""schedule.decay_steps" is a key of schedule "wsd", not of "cosine""#)
  }

  // MARK: What is typed counts

  @Test func theCommandLineTakesThePlaceOfWhatItExcludes() throws {
    let epochs = RecipeFixture.text(replacing: #""max_steps": 100"#, with: #""epochs": 3"#)
    let recipe = try RecipeFixture.decode(epochs, ["training.max_steps=7"])
    #expect(recipe.training.duration == .steps(7))
    #expect(recipe.replacements == ["training.max_steps takes the place of training.epochs"])
    #expect(try RecipeFixture.decode(recipe.text).training.duration == .steps(7))
    let both = RecipeFixture.failure(epochs, ["training.max_steps=7", "training.epochs=2"])
    #expect(both?.what.hasPrefix("only one of") == true)
    let split = RecipeFixture.text(replacing: #""a.txt""#, with: #""a.txt", "validation_fraction": 0.1"#)
    #expect(try RecipeFixture.decode(split, ["data.validation=b.txt"]).data.validationFraction == nil)
    // What the file says twice stays its fault.
    let twice = RecipeFixture.text(replacing: #""max_steps": 100"#, with: #""max_steps": 100, "epochs": 3"#)
    #expect(RecipeFixture.failure(twice)?.what.hasPrefix("only one of") == true)
  }

  @Test func aModelFromElsewhereTakesThePlaceOfADescribedOne() throws {
    let recipe = try RecipeFixture.decode(RecipeFixture.text, ["model.from=checkpoints/other"])
    #expect(recipe.model.source == "checkpoints/other" && recipe.tokenizer == nil)
    #expect(recipe.replacements.count == 2)
    let kept = try RecipeFixture.decode(RecipeFixture.text, ["model.from=m", "tokenizer.from=bytes"])
    #expect(kept.tokenizer == .bytes)
  }

  // MARK: Sources

  @Test func sourcesMayHaveWeights() throws {
    let weighted = RecipeFixture.text(
      replacing: #""a.txt""#, with: #"[{ "path": "a.txt", "weight": 0.3 }, { "path": "b/", "weight": 7 }]"#)
    let recipe = try RecipeFixture.decode(weighted)
    #expect(recipe.data.train == ["a.txt", "b/"] && recipe.data.weights == [0.3, 7])
    #expect(try RecipeFixture.decode(recipe.resolved.serialized()).data == recipe.data)
    #expect(try RecipeFixture.decode().data.weights == nil)
    for (train, what) in [
      (#"[{ "path": "a", "weight": 0.3 }, "b"]"#, "every source of \"train\" needs a weight where one has it"),
      (#"{ "path": "a", "weight": 0 }"#, "\"data.train\" must be"), (#"[{ "weight": 1 }]"#, "\"data.train\" must be"),
      (#"[{ "path": "a", "wieght": 1 }]"#, "\"data.train\" must be"),
    ] {
      let failure = try #require(RecipeFixture.failure(RecipeFixture.text(replacing: #""a.txt""#, with: train)))
      #expect(failure.what.hasPrefix(what) && failure.others.isEmpty, "\(failure)")
    }
  }
}
