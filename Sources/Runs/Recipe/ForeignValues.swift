import Files

/// What other programs write as values, and what is wrong with a value that is no single word.
enum ForeignValues {
  /// What to write in the place of `value`, which the key at `path` does not take; nil where nothing is known.
  static func note(on value: JSONValue, at path: String) -> String? {
    if path == "data.train" { return sources(value) }
    let isOff = value.double == 0 || ["no", "none", "never", "off"].contains(value.string?.lowercased() ?? "")
    if isOff, path == "evaluation.every" {
      return "nothing is measured where nothing is held out: leave out data.validation and data.validation_fraction"
    }
    if isOff, path == "checkpoint.every" {
      return "the last step is saved in any case: a number above the run's steps saves no other"
    }
    guard let word = value.string?.lowercased() else { return nil }
    if let found = words.first(where: { $0.path == path && $0.names.contains(word) }) { return found.note }
    return path == "optimizer.name" ? "AdamW is the one that there is: \"adamw\"" : nil
  }

  private static let words: [(path: String, names: [String], note: String)] = [
    ("training.precision", ["bf16", "bf16-mixed", "bf16-true", "torch.bfloat16"], "write \"bfloat16\""),
    ("training.precision", ["fp32", "f32", "float", "32", "32-true", "torch.float32"], "write \"float32\""),
    (
      "training.precision", ["fp16", "f16", "float16", "half", "16-mixed", "16-true", "torch.float16"],
      "there is no float16: \"bfloat16\" is as fast and has the range of float32"
    ),
    ("schedule.name", ["cosine_with_warmup", "cosineannealing", "cosine_annealing"], warmedUp("cosine")),
    ("schedule.name", ["linear_with_warmup", "linear_decay"], warmedUp("linear")),
    ("schedule.name", ["constant_with_warmup", "none", "const"], warmedUp("constant")),
    ("schedule.name", ["warmup_stable_decay", "trapezoidal"], warmedUp("wsd")),
    ("schedule.name", ["cosine_with_min_lr"], "write \"cosine\", with schedule.min_learning_rate"),
    ("model.architecture", ["mistral", "qwen2", "llamaforcausallm", "llama2", "llama3"], "write \"llama\""),
    ("model.architecture", ["gpt2lmheadmodel", "gpt"], "write \"gpt2\""),
    ("task", ["pretraining", "pt", "lm", "clm", "causal_lm"], "write \"pretrain\""),
    ("task", ["finetune", "fine-tune", "finetuning", "instruct", "chat"], "write \"sft\""),
    ("task", ["kto", "orpo", "simpo", "ipo"], "write \"dpo\"; the loss is objective.name or objective.loss_type"),
    ("objective.name", ["cross_entropy", "crossentropy", "ce", "nll"], "write \"next_token\", or \"sft\" for answers"),
    ("objective.name", ["orpo", "simpo", "ipo", "cpo"], "write \"dpo\", with this word as objective.loss_type"),
  ]

  private static func warmedUp(_ name: String) -> String {
    "write \"\(name)\": schedule.warmup_steps or schedule.warmup_ratio gives any schedule a warm-up"
  }

  // MARK: Sources

  /// What is wrong with the first entry of `data.train` that is no source.
  private static func sources(_ value: JSONValue) -> String? {
    guard let entries = value.array else { return fault(of: value) }
    for (index, entry) in entries.enumerated() {
      if let fault = fault(of: entry) { return "entry \(index + 1): \(fault)" }
    }
    return nil
  }

  private static func fault(of entry: JSONValue) -> String? {
    guard let members = entry.object else { return entry.string == "" ? "the path is empty" : nil }
    if let other = members.first(where: { !["path", "weight"].contains($0.key) }) {
      return "\"\(other.key)\" is unknown: a source has a path and a weight"
    }
    guard let path = entry["path"]?.string, !path.isEmpty else {
      return "the path is missing: a file, a folder or a pattern"
    }
    guard let weight = entry["weight"], !weight.isNull else { return nil }
    guard let number = weight.double else { return "the weight is \(weight.found): a number is expected" }
    if Recipe.Data.Source.weights.contains(number) { return nil }
    return "the weight is \(weight.found), and must be from 1e-6 to 1e9; a source that is not to be read is left out"
  }
}
