import Files
import Models
import Runs
import Support
import Testing
import Training

@Suite struct RecipeTests {
  @Test func everyValueArrives() throws {
    let recipe = try RecipeFixture.decode()
    #expect(recipe.task == .pretrain)
    #expect(recipe.run == "checkpoints/fixture")
    #expect(recipe.threads == nil)
    let model = try #require(recipe.model.description?.configuration(vocabularySize: 257) as? Llama.Configuration)
    #expect((model.hiddenSize, model.intermediateSize, model.layers) == (64, 128, 2))
    #expect((model.heads, model.keyValueHeads, model.maximumPositions) == (4, 2, 64))
    #expect(recipe.tokenizer == .bytes)
    #expect(recipe.data.train == ["a.txt"])
    #expect(recipe.data.sequenceLength == 32)
    #expect(recipe.data.onOverflow == .split)
    #expect(recipe.objective is NextToken)
    #expect(recipe.optimizer.learningRate == 1e-3)
    let adamW = try #require(recipe.optimizer.algorithm as? AdamWSettings)
    #expect((adamW.beta1, adamW.beta2, adamW.epsilon) == (0.9, 0.95, 1e-8))
    #expect(recipe.schedule.warmupSteps == 5)
    #expect(recipe.training.duration == .steps(100))
    #expect(recipe.training.microBatchSize == nil)
    #expect(recipe.checkpoint.keepLast == 2)
  }

  @Test func resolvedRecipeIsTheSameRecipe() throws {
    let recipe = try RecipeFixture.decode()
    #expect(recipe.resolved["optimizer"]?["eps"]?.double == 1e-8)
    #expect(recipe.resolved["threads"] == "auto")
    let again = try RecipeFixture.decode(recipe.resolved.serialized(pretty: true))
    #expect(again.resolved == recipe.resolved)
  }

  /// A run that is continued tells its template the time that it told before: the data is the same only then.
  @Test func theDayOfARunIsTheOneThatItsFilesName() throws {
    let recipe = try RecipeFixture.decode(
      """
      {"task": "sft", "run": "x", "model": {"from": "m"}, "data": {"train": "a.jsonl", "sequence_length": 32},
       "objective": {"name": "sft"}, "optimizer": {"name": "adamw", "learning_rate": 1e-3},
       "training": {"batch_size": 1, "max_steps": 1}}
      """)
    let again = try RecipeFixture.decode(recipe.resolved.serialized())
    #expect(recipe.data.date != nil && again.data.date == recipe.data.date)
  }

  @Test func runIsNamedAfterTheFile() throws {
    let text = RecipeFixture.text(replacing: #""run": "checkpoints/fixture","#, with: "")
    #expect(try RecipeFixture.decode(text).run == "checkpoints/r")
  }

  @Test func everyProblemInOnePass() throws {
    let text = """
      { "schema": 2, "task": "pretain",
        "model": { "architecture": "llama", "hidden_size": 65, "intermediate_size": 0, "num_attention_heads": 4,
          "hiden_act": "silu" },
        "tokenizer": { "from": "bytes" },
        "data": {},
        "optimizer": { "learning_rate": "3e-4", "betas": [0.9, 1] },
        "schedul": 1,
        "training": { "batch_size": 4.5 } }
      """
    let failure = try #require(RecipeFixture.failure(text))
    #expect(failure.exitCode == 3)
    let found = ([failure] + failure.others).map { "\($0.place ?? "?") \($0.what)" }
    #expect(
      found == [
        #"r.json:1 "schema" must be 1"#,
        #"r.json:1 "task" must be "pretrain", "sft" or "dpo""#,
        #"r.json:2 "model.intermediate_size" must be an integer >= 1"#,
        #"r.json:2 missing key "model.num_hidden_layers""#,
        #"r.json:2 num_attention_heads (4) must divide hidden_size (65)"#,
        #"r.json:3 unknown key "model.hiden_act""#,
        #"r.json:5 missing key "data.train""#,
        #"r.json:6 "optimizer.learning_rate" must be a number > 0"#,
        #"r.json:6 "optimizer.betas" must be a list of 2, each a number >= 0 and < 1"#,
        #"r.json:7 unknown key "schedul""#,
        #"r.json:8 "training.batch_size" must be an integer >= 1"#,
        #"r.json:8 one of "max_steps", "epochs" and "tokens" must say how long "training" is"#,
      ])
  }

  @Test func renderedAsTheContractHasIt() throws {
    let text = RecipeFixture.text(replacing: "learning_rate", with: "learning_rat")
    let failure = try #require(RecipeFixture.failure(text))
    let unknown = try #require(([failure] + failure.others).first { $0.what.hasPrefix("unknown") })
    #expect(
      "\(unknown)" == """
        error[recipe]: unknown key "optimizer.learning_rat"
          --> r.json:9
          = did you mean "learning_rate"?
        """)
  }

  /// Notations that are nearly JSON, and the files of other programs.
  @Test(arguments: [
    ("r.json", "{ 'task': 'sft' }", "text stands in double quotes"),
    ("r.json", "{ \"task\": \"sft\", # why\n }", "a comment begins with //"),
    ("r.json", "{ \"shuffle\": True }", "did you mean true?"), ("r.json", "{ \"a\": None }", "did you mean null?"),
    ("r.json", "task: pretrain", "a recipe is JSON, and may have comments"), ("r.json", "", "a recipe is JSON"),
    ("my r.yaml", "task: pretrain", "< 'my r.yaml' > 'my r.json'"), ("r.toml", "[model]", "a recipe is JSON"),
    ("r.txt", "Once", "data goes into it: `train pretrain shakespeare-char data.train=r.txt`"),
  ])
  func whatIsNearlyARecipeIsToldHow(_ name: String, _ text: String, _ note: String) throws {
    let folder = try ScratchFolder()
    let path = try folder.write(text, to: name)
    let failure = try #require(refusal { _ = try Recipe.load(path) })
    let said = failure.notes.joined(separator: "\n").replacing("\(folder.path)/", with: "")
    #expect(said.contains(note) && failure.exitCode == 3, "\(failure)")
    #expect(!said.contains("did you mean true?") || text.contains("True"), "\(failure)")
  }

  @Test func aKeyInTheWrongPlaceIsSentHome() throws {
    let text = RecipeFixture.text(replacing: #""task": "pretrain","#, with: #""task": "pretrain", "batch_size": 4,"#)
    let failure = try #require(RecipeFixture.failure(text))
    #expect(failure.what == #"unknown key "batch_size""#)
    #expect(failure.notes == [#"did you mean "training.batch_size"?"#])
  }

  /// JSON knows one kind of numbers, and no zero of another sign.
  @Test(arguments: ["7.0", "7e0", "0.7e1", "70e-1"]) func whatIsIntegralIsAnInteger(_ steps: String) throws {
    let text = RecipeFixture.text(replacing: #""max_steps": 100"#, with: #""max_steps": \#(steps)"#)
    for recipe in [
      try RecipeFixture.decode(text), try RecipeFixture.decode(RecipeFixture.text, ["training.max_steps=\(steps)"]),
    ] {
      #expect(recipe.training.duration == .steps(7) && recipe.resolved["training"]?["max_steps"] == 7)
    }
    let zeros = try RecipeFixture.decode(
      RecipeFixture.text, ["optimizer.weight_decay=-0.0", "schedule.warmup_steps=-0"]
    ).resolved
    #expect(zeros["optimizer"]?["weight_decay"]?.double?.sign == .plus)
    #expect(zeros["schedule"]?["warmup_steps"] == 0)
  }

  /// What is replaced in the fixture, by what, and the line and the words of the error.
  static let faults: [(old: String, new: String, line: Int, what: String)] = [
    (#""max_steps": 100"#, #""max_steps": "400""#, 11, #""training.max_steps" must be an integer >= 1"#),
    (#""max_steps": 100"#, #""max_steps": 4.5"#, 11, #""training.max_steps" must be an integer >= 1"#),
    (#""max_steps": 100"#, #""max_steps": true"#, 11, #""training.max_steps" must be an integer >= 1"#),
    (#""max_steps": 100"#, #""max_steps": -0"#, 11, #""training.max_steps" must be an integer >= 1"#),
    (#""max_steps": 100"#, #""max_steps": 9223372036854775808"#, 11, #""training.max_steps" must be an integer >= 1"#),
    (#""max_steps": 100"#, #""max_steps": 100, "epochs": 1"#, 11, "only one of"),
    (#", "max_steps": 100"#, "", 11, "one of \"max_steps\""),
    (#""batch_size": 8"#, #""batch_size": 8, "micro_batch_size": 3"#, 11, "micro_batch_size (3) must divide"),
    (#""batch_size": 8"#, #""batch_size": 8, "micro_batch_size": "many""#, 11, "must be \"auto\" or an integer >= 1"),
    (#""warmup_steps": 5"#, #""warmup_steps": 101"#, 10, "warmup_steps (101) must not exceed max_steps (100)"),
    (#""warmup_steps": 5"#, #""min_learning_rate": 1"#, 10, "must not exceed learning_rate"),
    (
      #""name": "cosine""#, #""name": "cosin""#, 10, #""schedule.name" must be "cosine", "linear", "constant" or "wsd""#
    ),
    ("1e-3", "-1e-3", 9, #""optimizer.learning_rate" must be a number > 0"#),
    ("1e-3", "-0.0", 9, #""optimizer.learning_rate" must be a number > 0"#),
    ("1e-3", "NaN", 9, "expected a JSON value"),
    ("1e-3", "1e400", 9, "too large for a 64-bit float"),
    ("1e-3", "1e-400", 9, "too small for a 64-bit float"),
    ("[0.9, 0.95]", "[0.9]", 9, "must be a list of 2"),
    ("[0.9, 0.95]", "[0.9, 0.95], \"learning_rate\": 1", 9, "duplicate key"),
    (
      #""name": "next_token""#, #""name": "next_token", "beta": 1"#, 8,
      #""objective.beta" is a key of objective "dpo" or "kto", not of "next_token""#
    ),
    (#""sequence_length": 32"#, #""sequence_length": 65"#, 7, "must not exceed the model's positions (64)"),
    (#""a.txt""#, "[]", 7, #""data.train" must be a string or a list of them"#),
    (#""a.txt""#, #""a.txt", "validation": ["b"], "validation_fraction": 0.1"#, 7, "exclude each other"),
    (#""from": "bytes""#, "", 6, "has either \"train\" or \"from\""),
    (#""from": "bytes""#, #""train": { "vocab_size": 256 }"#, 6, "tokenizer.train.vocab_size"),
    (#""num_attention_heads": 4"#, #""num_attention_heads": 5"#, 5, "must divide hidden_size (64)"),
    (#""num_key_value_heads": 2"#, #""num_key_value_heads": 3"#, 5, "must divide num_attention_heads (4)"),
    (#""hidden_size": 64"#, #""hidden_size": 12"#, 4, "must be even for rotary positions"),
    (#""hidden_size": 64"#, #""hidden_size": 64, "hidden_act": "gelu""#, 4, #""model.hidden_act" must be "silu""#),
    (
      #""hidden_size": 64"#, #""hidden_size": 64, "attention_dropout": 0.1"#, 4, #""model.attention_dropout" must be 0"#
    ),
    (#""hidden_size": 64"#, #""hidden_size": 64, "head_dim": 7"#, 4, "head_dim (7) must be"),
    (#""hidden_size": 64"#, #""hidden_size": 64, "vocab_size": 200"#, 4, "must hold the tokenizer's 257 tokens"),
    (#""hidden_size": 64"#, #""hidden_size": 2147483648"#, 4, #""model.hidden_size" must be an integer >= 1"#),
    (#""hidden_size": 64"#, #""hidden_size": 64, "model_type": "gpt2""#, 4, "contradicts model_type"),
    (#""num_hidden_layers": 2"#, #""num_hidden_layers": 0"#, 4, #""model.num_hidden_layers" must be an integer"#),
    (#""task": "pretrain""#, #""task": "sft""#, 8, "does not fit task \"sft\""),
    (#""task": "pretrain""#, #""task": "pretrain", "checkpoint": { "keep_last": 0 }"#, 2, "checkpoint.keep_last"),
    (#""task": "pretrain""#, #""task": "pretrain", "checkpoint": 3"#, 2, #""checkpoint" must be an object"#),
  ]

  @Test(arguments: faults) func aFaultIsNamedWithItsLine(_ fault: (old: String, new: String, line: Int, what: String))
    throws
  {
    let failure = try #require(RecipeFixture.failure(RecipeFixture.text(replacing: fault.old, with: fault.new)))
    #expect(failure.others.isEmpty, "\(failure)")
    #expect(failure.exitCode == 3)
    #expect(failure.place?.hasPrefix("r.json:\(fault.line)") == true, "\(failure)")
    #expect(failure.what.contains(fault.what), "\(failure)")
  }

  @Test func productsThatOverflowAreRefused() throws {
    let huge = "2147483647"
    let text = RecipeFixture.text(
      replacing: #""hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,"#,
      with: #""hidden_size": 2147483640, "intermediate_size": \#(huge), "num_hidden_layers": 100000,"#)
    #expect(RecipeFixture.failure(text)?.what == "the model's number of parameters overflows 64 bits")
    #expect(sumOfProducts([[2, 3], [4]]) == 10)
    #expect(sumOfProducts([[.max, 2]]) == nil)
    #expect(sumOfProducts([[.max], [1]]) == nil)
  }

  @Test(arguments: [
    "", " ", "// only a comment", "\u{FEFF}{}", "[]", "{", #"{"a": }"#, String(repeating: "[", count: 100_000),
  ])
  func badSyntaxIsARecipeError(_ text: String) throws {
    let failure = try #require(RecipeFixture.failure(text))
    #expect(failure.exitCode == 3)
    #expect(failure.place?.hasPrefix("r.json:1") == true)
  }

  @Test func parameterCounts() throws {
    let tiny = try RecipeFixture.decode().model.description!
    // Embedding and head 2 * 257 * 64; norms 5 * 64; a block 2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128, twice.
    #expect(tiny.parameterCount(vocabularySize: 257) == 2 * 257 * 64 + 5 * 64 + 2 * (8192 + 4096 + 24576))
    let gpt2 = RecipeFixture.text(
      replacing: RecipeFixture.lines[3...4].joined(separator: "\n"),
      with: #""model": { "model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257 },"#)
    #expect(try RecipeFixture.decode(gpt2).model.description?.parameterCount(vocabularySize: 50257) == 124_439_808)
  }

  @Test func everyRequiredKeyIsMissedByName() throws {
    let failure = try #require(RecipeFixture.failure("{}"))
    let missing = ([failure] + failure.others).map(\.what)
    for key in ["task", "model.architecture", "data.train", "optimizer.learning_rate", "training.batch_size"] {
      #expect(missing.contains("missing key \"\(key)\""), "\(missing)")
    }
  }
}
