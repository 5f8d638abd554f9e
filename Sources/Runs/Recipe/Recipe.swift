import Files
import Kernels
import ModelFiles
import Training

/// A complete training run, decoded strictly from JSON.
///
/// The keys are those of the README's recipe reference; `train help recipe` prints them from the declarations below.
/// Everything that can be known to be wrong without opening another file is found in one pass and thrown as one failure.
package struct Recipe: Sendable {
  package var task: Task
  /// The run folder, relative to the working folder.
  package var run: String
  package var seed: Int
  /// Worker threads; nil uses every core that is available.
  package var threads: Int?
  package var model: Model
  /// What is trained instead of the model itself; nil trains the model.
  package var adapter: AdaptedBase?
  /// Where the tokenizer comes from; nil takes the model's.
  package var tokenizer: Tokenizer?
  package var data: Data
  package var objective: any Objective
  package var optimizer: Optimizer
  package var schedule: Schedule
  package var training: Training
  package var evaluation: Evaluation
  package var checkpoint: Checkpoint
  package var logging: Logging

  /// The recipe as JSON with every default filled in.
  package private(set) var resolved: JSONValue = [:]
  /// The recipe as it was written, with the overrides applied.
  package private(set) var text: String = ""
  package private(set) var overrides: [RecipeOverride] = []
  /// What the command line takes the place of in the recipe, a line each.
  package private(set) var replacements: [String] = []
}

// MARK: - Reading

extension Recipe {
  /// Reads the recipe at `path` and applies `overrides` in their order.
  ///
  /// - Throws: `.usage` when the file cannot be read or an override meets no key, `.recipe` with every problem found.
  package static func load(_ path: String, overrides: [RecipeOverride] = []) throws(Failure) -> Recipe {
    let bytes: [UInt8]
    do {
      bytes = try ReadableFile.contents(of: path, area: .usage, limit: 1 << 24)
    } catch {
      var failure = error
      failure.notes += notes(onMissing: path)
      throw failure
    }
    do throws(Failure) {
      return try Recipe(bytes, source: path, overrides: overrides)
    } catch {
      let first = bytes.first { ![0x09, 0x0a, 0x0d, 0x20].contains($0) }
      let isJSON = [UInt8(ascii: "{"), UInt8(ascii: "/")].contains(first ?? 0) || first.map { $0 >= 0x80 } ?? false
      if (isJSON && path.hasSuffix(".json")) || error.area != .recipe { throw error }
      var failure = error
      failure.notes += notes(onForeign: path)
      throw failure
    }
  }

  /// What to do with a file that is no recipe, by its name.
  private static func notes(onForeign path: String) -> [String] {
    let ending = [".yaml", ".yml", ".toml", ".json"].first { path.hasSuffix($0) }
    guard let ending else {
      return ["a recipe is a JSON file; data goes into it: `train pretrain shakespeare-char data.train=\(path)`"]
    }
    let example = "a recipe is JSON, and may have comments: `train recipes copy tiny mine.json` is one to begin with"
    let keys = "keys of another program: `train help KEY` says what they are called here"
    guard ending == ".yaml" || ending == ".yml" else { return [example, keys] }
    let line = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout, indent=2)"
    let target = "\(path.dropLast(ending.count)).json"
    return [example, "as JSON: python3 -c '\(line)' < \(path.shellWord) > \(target.shellWord)", keys]
  }

  /// What to do where no recipe is at `path`.
  private static func notes(onMissing path: String) -> [String] {
    if Path.exists("\(path)/resolved.json") { return ["it is a run: `train resume \(path)` goes on with it"] }
    let near = suggestion(for: BuiltInRecipe.stem(of: path), among: BuiltInRecipe.names)
    return (near.map { ["did you mean \"\($0)\"?"] } ?? []) + ["`train recipes` lists the built-in recipes"]
  }

  /// Decodes the JSON in `bytes`; comments and trailing commas are allowed. `source` names it in errors.
  package init(_ bytes: [UInt8], source: String, overrides: [RecipeOverride] = []) throws(Failure) {
    var document = try JSONValue.parse(bytes, source: source, area: .recipe, comments: true)
    guard document.object != nil else {
      throw Failure(.recipe, "a recipe is an object", at: "\(source):1", notes: ["found \(document.found)"])
    }
    for override in overrides { document = try override.applied(to: document) }
    let replacements = Self.dropReplaced(by: overrides, from: &document)
    let decoder = SettingsDecoder(source: source, area: .recipe) { path in
      overrides.last { $0.concerns(path) }.map { "command line: \($0)" }
    } explain: { [document] path, members in
      Self.explanation(of: path, members, in: document)
    } correct: { path, value in
      ForeignValues.note(on: value, at: path)
    }
    var resolved: JSONValue = [:]
    self = decoder.read(document) { section in
      defer { resolved = section.resolved }
      return Recipe(from: &section, name: Self.name(of: source))
    }
    if let failure = decoder.failure { throw failure }
    self.resolved = resolved
    text = overrides.isEmpty ? String(decoding: bytes, as: UTF8.self) : document.serialized(pretty: true) + "\n"
    self.overrides = overrides
    self.replacements = replacements
  }

  init(from section: inout SettingsSection, name: String) {
    section.ignore(["$schema"])
    _ = section.value("schema", .integer(from: 1, to: 1), default: 1, "Version of the recipe's format")
    let task = section.required("task", .oneOf(Task.self), "What is trained")
    self.task = task
    run = section.value(
      "run", .string, derived: "checkpoints/\(name)",
      "Folder of the run, never overwritten; default: checkpoints/ and the name of the recipe")
    seed = section.value(
      "seed", .largeInteger(from: 0), default: 1337, "Of the weights, the order of the data, samples")
    threads = section.value(
      "threads", .auto(or: .integer(to: Parallel.mostThreads)), default: nil, "Worker threads; auto is all cores")
    model = section.section("model", "What is trained: a description, or where it comes from", Model.init)
    adapter = section.optionalSection(
      "adapter", "Trains low-rank updates of the model alone; keys as in PEFT's adapter_config.json", AdaptedBase.init)
    tokenizer = section.optionalSection("tokenizer", "Left out, it comes with the model", Tokenizer.init)
    let model = model
    data = section.section("data", "What it is trained on") { Data(from: &$0, task: task, model: model) }
    objective = section.section("objective", "What is minimised") { Self.objective(from: &$0, task: task) }
    optimizer = section.section("optimizer", "How the weights follow the gradient", Optimizer.init)
    schedule = section.section("schedule", "How the learning rate changes", Schedule.init)
    training = section.section("training", "How much, and in what pieces", Training.init)
    evaluation = section.section("evaluation", "What is measured on the way") { Evaluation(from: &$0, task: task) }
    checkpoint = section.section("checkpoint", "What is saved on the way", Checkpoint.init)
    logging = section.section("logging", "What is written down on the way", Logging.init)
    checkRules(section)
  }

  private static func objective(from section: inout SettingsSection, task: Task) -> any Objective {
    let kind = section.choice(
      "name", among: Registry.objectives, named: { $0.name }, default: task.objectives[0].name, "The loss")
    return kind.init(from: &section)
  }

  /// `recipes/tiny.json` is called `tiny`.
  private static func name(of source: String) -> String {
    let stem = BuiltInRecipe.stem(of: source)
    return stem.isEmpty ? "run" : stem
  }

  // MARK: Rules across sections

  private func checkRules(_ section: SettingsSection) {
    let (name, fitting) = (type(of: objective).name, Task(reading: examples))
    section.rule(
      "adapter", "model.from", holds: adapter == nil || model.source != nil,
      "\"adapter\" needs a model to adapt: give model.from a run, a checkpoint, a Hugging Face folder or a GGUF file")
    section.rule(
      "objective.name", "task", holds: fitting == task,
      "objective \"\(name)\" does not fit task \"\(task.rawValue)\": it is for task \"\(fitting.rawValue)\"")
    section.rule(
      "data.template", "data.chat_template_kwargs", "data.date", "data.fields", "task",
      holds: task.examples.allSatisfy(\.hasConversations) || data.readsPlainText,
      "\"template\" and \"fields\" are for conversations: task \"pretrain\" reads plain text, and of fields \"text\" alone"
    )
    section.rule(
      "training.batch_size", "objective.name", holds: examples != .unpaired || training.batchSize > 1,
      "batch_size must be above 1: objective \"\(name)\" compares each prompt with another answer of the batch")
    if case .steps(let steps) = training.duration {
      section.rule(
        "schedule.warmup_steps", "training.max_steps", holds: schedule.warmupSteps <= steps,
        "warmup_steps (\(schedule.warmupSteps)) must not exceed max_steps (\(steps))")
    }
    section.rule(
      "training.early_stopping", "data.validation", "data.validation_fraction",
      holds: training.earlyStopping == nil || !data.validation.isEmpty || data.validationFraction != nil,
      "early_stopping needs an evaluation loss: hold something out with data.validation or data.validation_fraction")
    section.rule(
      "schedule.min_learning_rate", "optimizer.learning_rate",
      holds: schedule.minimumLearningRate <= optimizer.learningRate,
      "min_learning_rate (\(schedule.minimumLearningRate)) must not exceed learning_rate (\(optimizer.learningRate))")
    if let length = data.sequenceLength, let positions = model.description?.maximumPositions {
      section.rule(
        "data.sequence_length", "model.max_position_embeddings", "model.n_positions", holds: length <= positions,
        "sequence_length (\(length)) must not exceed the model's positions (\(positions))")
    }
    section.rule(
      "data.sequence_length", "task", holds: !examples.hasConversations || data.sequenceLength != 1,
      "sequence_length must be at least 2 for task \"\(task.rawValue)\": a row has a token and the one that follows")
    checkSizes(section)
  }

  private func checkSizes(_ section: SettingsSection) {
    guard let description = model.description else {
      section.rule(
        "tokenizer.train", "model.from", holds: tokenizer.map { if case .train = $0 { false } else { true } } ?? true,
        "a model that comes from a checkpoint has its tokenizer: a new one would give its tokens other meanings")
      return
    }
    let vocabulary = description.vocabularySize ?? tokenizer?.vocabularySize ?? 257
    section.rule(
      "model", holds: description.parameterCount(vocabularySize: vocabulary) != nil,
      "the model's number of parameters overflows 64 bits")
    section.rule(
      "tokenizer", "model.architecture", holds: tokenizer != nil,
      "missing key \"tokenizer\": a model that is described needs { \"train\": ... }, { \"from\": PATH } or { \"from\": \"bytes\" }"
    )
    if let size = description.vocabularySize, let needed = tokenizer?.vocabularySize {
      section.rule(
        "model.vocab_size", "tokenizer.train", holds: size >= needed,
        "vocab_size (\(size)) must hold the tokenizer's \(needed) tokens")
    }
    let steps = if case .steps(let steps) = training.duration { steps } else { 1 }
    section.rule(
      "training.max_steps", "training.batch_size", "data.sequence_length",
      holds: sumOfProducts([[steps, training.batchSize, data.sequenceLength ?? 1]]) != nil,
      "the number of tokens of the run overflows 64 bits")
  }
}
