import Corpus
import Files
import Kernels
import Training

extension Recipe {
  /// `optimizer`: the keys every optimizer has, and the chosen one's own.
  package struct Optimizer: Sendable {
    /// The highest learning rate, which the schedule scales.
    package var learningRate: Double
    /// The bound of the gradient's global norm; 0 leaves it alone.
    package var maximumGradientNorm: Double
    package var algorithm: any OptimizerSettings
    /// Whether each of several ranks keeps the moments of a part of the weights alone; nil where the optimizer allows it.
    package var shardState: Bool?

    /// Whether the moments are divided among the ranks.
    package var shardsState: Bool { shardState ?? algorithm.isElementwise }

    package init(from section: inout SettingsSection) {
      let kind = section.choice(
        "name", among: Registry.optimizers, named: { $0.name }, default: AdamWSettings.name, "The optimizer")
      learningRate = section.required("learning_rate", .number(above: 0), "The highest rate of the schedule")
      maximumGradientNorm = section.value(
        "max_grad_norm", .number(from: 0), default: 1, "Bound of the gradient's global norm; 0 leaves it alone")
      algorithm = kind.init(from: &section)
      shardState = section.value(
        "shard_state", .auto(or: .boolean), default: nil,
        "Whether each of several ranks keeps the moments of its part of the weights alone (ZeRO, stage 1)")
      section.rule(
        "shard_state", "name", holds: shardState != true || algorithm.isElementwise,
        "shard_state must not be true: optimizer \"\(kind.name)\" needs whole matrices")
    }
  }

  /// `training`: how much, and in what pieces.
  package struct Training: Sendable, Equatable {
    package enum Duration: Sendable, Equatable {
      case steps(Int)
      case epochs(Double)
      case tokens(Int)
    }

    /// Sequences or pairs a step.
    package var batchSize: Int
    /// Sequences or pairs computed at once; nil leaves the choice to the trainer.
    package var microBatchSize: Int?
    package var duration: Duration
    /// Whether a block's activations are computed again in the backward pass instead of kept.
    package var recompute: Bool
    /// How the operands of matrix products are rounded.
    package var precision: ProductPrecision
    /// How many robust deviations above its past a loss must stay to end the run; nil never ends it.
    package var divergenceThreshold: Double?
    /// How many standard deviations above the past ones a loss or a gradient norm must be for its step to be skipped; nil skips none.
    package var spikeThreshold: Double?
    /// Whether a run that the plan says does not fit into memory is refused.
    package var checksMemory: Bool
    /// When a run that learns nothing more ends; nil never ends it.
    package var earlyStopping: EarlyStopping?

    /// `early_stopping`: when a run that learns nothing more ends.
    package struct EarlyStopping: Sendable, Equatable {
      /// Evaluations in a row without a lower loss that end the run.
      package var patience: Int
      /// By how much a loss must be lower.
      package var minimumDelta: Double

      package init(from section: inout SettingsSection) {
        patience = section.value(
          "patience", .integer(), default: 3, "Evaluations in a row without a lower loss that end the run")
        minimumDelta = section.value(
          "min_delta", .number(from: 0), default: 0, "How far below the lowest so far a loss must be to count")
      }
    }

    package init(from section: inout SettingsSection) {
      batchSize = section.required("batch_size", .integer(), "Sequences or pairs a step")
      microBatchSize = section.value(
        "micro_batch_size", .auto(or: .integer()), default: nil, "Sequences or pairs computed at once")
      let steps = section.optional("max_steps", .integer(), "Steps of the run; or epochs, or tokens")
      let epochs = section.optional("epochs", .number(above: 0, to: 1e12), "Passes over the data")
      let tokens = section.optional("tokens", .largeInteger(from: 1), "Tokens of the run")
      recompute = section.value(
        "recompute", .boolean, default: false, "Computes activations again instead of keeping them")
      precision = section.value(
        "precision", .oneOf(ProductPrecision.self), default: .float32,
        "How operands of matrix products are rounded; bfloat16 is faster, and weights and sums have 32 bits all the same"
      )
      let threshold = section.value(
        "divergence_threshold", .number(from: 0), default: 10,
        "Robust deviations above its past that end a run whose loss stays there for ten steps; 0 never ends it")
      divergenceThreshold = threshold > 0 ? threshold : nil
      spikeThreshold = section.optional(
        "skip_spikes", .number(above: 0),
        "Skips steps whose loss or gradient norm is so many standard deviations above the last 128; such as 6")
      checksMemory = section.value(
        "check_memory", .boolean, default: true, "Whether a run that does not fit into memory is refused")
      earlyStopping = section.optionalSection(
        "early_stopping", "Ends the run when its evaluation loss has stopped falling", EarlyStopping.init)
      duration = steps.map { .steps($0) } ?? epochs.map { .epochs($0) } ?? tokens.map { .tokens($0) } ?? .steps(1)
      let given = ["max_steps", "epochs", "tokens"].filter(section.has)
      section.rule(
        "max_steps", "epochs", "tokens", holds: given.count == 1,
        given.isEmpty
          ? "one of \"max_steps\", \"epochs\" and \"tokens\" must say how long \"training\" is"
          : "only one of \"max_steps\", \"epochs\" and \"tokens\" may say how long \"training\" is")
      section.rule(
        "micro_batch_size", "batch_size", holds: microBatchSize.map(batchSize.isMultiple) ?? true,
        "micro_batch_size (\(microBatchSize ?? 0)) must divide batch_size (\(batchSize))")
    }
  }

  /// What is computed at once: as many samples as the recipe says, else about 4,096 tokens, whose activations stay near
  /// the caches. A function of the recipe and the data alone, because it decides the order of the gradient's sums.
  package var microBatchSize: MicroBatchSize { training.microBatchSize.map { .samples($0) } ?? .tokens(4096) }

  /// `evaluation`: what is measured and sampled on the way.
  package struct Evaluation: Sendable, Equatable {
    package var every: Interval
    /// Whether the model is measured before the first step, too.
    package var atStart: Bool
    /// Batches an evaluation reads, each of as many samples as a batch of training; nil for all of them or as many as are cheap.
    package var batches: Int?
    /// The beginnings of the samples.
    package var prompts: [String]
    /// How many prompts of what is held out are answered, where the data has prompts and answers.
    package var answers: Int
    /// The length of a sample in tokens.
    package var maximumTokens: Int
    package var temperature: Double
    /// Files of evaluation suites, measured at each evaluation.
    package var suites: [String]
    /// Questions of each suite at most; nil for all.
    package var suiteLimit: Int?

    package init(from section: inout SettingsSection, task: Task) {
      every = section.value(
        "every", .interval, default: .steps(100), "Steps between two evaluations; epoch: after each pass over the data")
      atStart = section.value(
        "at_start", .boolean, derived: task != .pretrain,
        "Whether the model is measured before the first step, too; default: true for sft and dpo")
      batches = section.value(
        "batches", .auto(or: .integer()), default: nil,
        "Batches an evaluation reads; auto: all that is held out, or about 131,072 tokens of it")
      prompts = section.value("prompts", .list(of: .string).orOne, default: [], "Beginnings of the samples")
      answers = section.value(
        "answers", .integer(from: 0), default: 3,
        "Prompts of the held-out conversations or pairs that are answered for the report")
      maximumTokens = section.value("max_tokens", .integer(), default: 128, "Length of a sample in tokens")
      temperature = section.value("temperature", .number(from: 0), default: 0.8, "Of the samples; 0 is greedy")
      suites = section.value(
        "suites", .list(of: .string).orOne, default: [],
        "Files of questions such as PIQA's or BLiMP's, scored as lm-evaluation-harness does; globs are allowed")
      suiteLimit = section.optional("suite_limit", .integer(), "First questions of each suite at most; left out, all")
    }
  }

  /// `checkpoint`: what is saved on the way.
  package struct Checkpoint: Sendable, Equatable {
    /// When a checkpoint is saved; after the last step it always is.
    package var every: Interval
    /// How many of the newest are kept.
    package var keepLast: Int
    /// Whether the one with the lowest evaluation loss is kept too.
    package var keepBest: Bool

    package init(from section: inout SettingsSection) {
      every = section.value(
        "every", .interval, default: .steps(500), "Steps between two checkpoints; epoch: after each pass over the data")
      keepLast = section.value("keep_last", .integer(), default: 2, "How many of the newest are kept")
      keepBest = section.value("keep_best", .boolean, default: true, "Whether the best evaluated one is kept too")
    }
  }

  /// `logging`: what is written down on the way.
  package struct Logging: Sendable, Equatable {
    /// Steps between two lines of the log.
    package var every: Int
    /// Whether an event file for TensorBoard is written.
    package var tensorboard: Bool
    /// Whether report.html is written: on the way, and at the end.
    package var report: Bool

    package init(from section: inout SettingsSection) {
      every = section.value("every", .integer(), default: 10, "Steps between two lines of the log")
      tensorboard = section.value("tensorboard", .boolean, default: true, "Whether TensorBoard's event file is written")
      report = section.value("report", .boolean, default: true, "Whether report.html is written")
    }
  }
}
