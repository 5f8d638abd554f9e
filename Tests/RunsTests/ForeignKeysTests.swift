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

  /// The names of transformers, TRL, PEFT, torchtune and Axolotl for what there is here, however they are written.
  @Test(arguments: [
    ("LR", "optimizer.learning_rate"), ("numTrainEpochs", "training.epochs"),
    ("dataset_text_field", "data.fields"), ("chat_template_path", "data.template"),
    ("truncation_mode", "data.on_overflow"),
    ("precompute_ref_log_probs", "objective.precompute_reference"), ("base_model_name_or_path", "model.from"),
    ("metric_for_best_model", "checkpoint.keep_best"), ("run_val_every_n_steps", "evaluation.every"),
    ("lora_model_dir", "model.adapter"), ("shuffle_merged_datasets", "data.shuffle"),
    ("probabilities", "data.train"), ("tie_embeddings", "model.tie_word_embeddings"),
  ])
  func namesOfOtherProgramsAreKnown(_ name: String, _ key: String) {
    #expect(ForeignKeys.meaning(of: name)?.key == key)
  }

  @Test(arguments: ["ddp_backend", "nnodes", "full_determinism", "do_eval", "disable_tqdm", "trust_remote_code"])
  func whatIsNotNeededSaysSo(_ name: String) {
    #expect(ForeignKeys.meaning(of: name)?.remark?.isEmpty == false && ForeignKeys.meaning(of: name)?.key == nil)
  }

  /// A value of another program, and what is said beside what the key takes.
  @Test(arguments: [
    ("training.precision=bf16", #"write "bfloat16""#), ("training.precision=fp16", "there is no float16"),
    ("optimizer.name=adamw_torch", "AdamW is the one that there is"),
    ("schedule.name=constant_with_warmup", #"write "constant": schedule.warmup_steps"#),
    ("model.architecture=LlamaForCausalLM", #"write "llama""#), ("task=pretraining", #"write "pretrain""#),
    ("evaluation.every=0", "nothing is held out"), ("checkpoint.every=no", "the last step is saved in any case"),
    (#"data.train=[{"path":"a","weight":1},{"path":"b","weight":0}]"#, "entry 2: the weight is 0, and must be from"),
    (#"data.train=[{"path":"a","wieght":1}]"#, #"entry 1: "wieght" is unknown"#),
    (#"data.train=["a",{"weight":1}]"#, "entry 2: the path is missing"),
  ])
  func aForeignValueIsAnsweredWithOurs(_ override: String, _ note: String) throws {
    let failure = try #require(RecipeFixture.failure(RecipeFixture.text, [override]))
    #expect(failure.what.contains(" must be ") && failure.exitCode == 3, "\(failure)")
    #expect(failure.notes.contains { $0.contains(note) }, "\(failure)")
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
