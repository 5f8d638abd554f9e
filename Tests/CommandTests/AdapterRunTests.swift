import Checkpoints
import Files
import Foundation
import Testing

/// Runs that train adapters, as their users run them.
@Suite(.serialized) struct AdapterRunTests {
  private let tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "training.max_steps=6", "model.max_position_embeddings=64")
    try tiny.write(
      (1...11).map {
        #"{"prompt": "say \#($0)", "chosen": "yes \#($0 % 7)", "rejected": "\#($0 % 5) no", "completion": "yes \#($0)", "label": \#($0 % 3 != 0)}"#
      }.joined(separator: "\n"), to: "rows.jsonl")
    for (name, task, objective) in [
      ("pretrain", "pretrain", "next_token"), ("sft", "sft", "sft"), ("dpo", "dpo", "dpo"), ("kto", "dpo", "kto"),
    ] {
      let data = name == "pretrain" ? "text.txt\", \"sequence_length\": 32" : "rows.jsonl\", \"template\": \"plain\""
      try tiny.write(
        """
        {
          "task": "\(task)", "run": "runs/\(name)", "seed": 3, "model": { "from": "runs/tiny" },
          "adapter": { "r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": ["q_proj", "v_proj", "down_proj"] },
          "data": { "train": "\(data), "validation_fraction": 0.2 },
          "objective": { "name": "\(objective)" }, "optimizer": { "learning_rate": 3e-2 },
          "training": { "batch_size": 4, "micro_batch_size": 2, "max_steps": 6 },
          "evaluation": { "every": 3 }, "checkpoint": { "every": 1, "keep_last": 20 },
          "logging": { "every": 4, "tensorboard": false, "report": false }
        }
        """, to: "\(name).json")
    }
  }

  private func command(_ name: String) -> String { name == "kto" ? "dpo" : name }

  @Test(arguments: ["pretrain", "sft", "dpo", "kto"]) func aCheckpointHoldsTheAdapterAloneAndResumesExactly(
    _ name: String
  ) throws {
    let log = try tiny.train(command(name), "\(name).json")
    #expect(log.contains(" of them trained)"), "\(log)")
    let plan = try Binary.run(["plan", "\(name).json", "--json"], in: tiny.folder).results
    let planned = try JSONValue.parse(Array(plan.utf8), source: "", area: .data)["trained_parameters"]?.integer
    #expect(planned.map { log.contains(" (\($0) of them trained)") } == true, "\(plan)")
    try tiny.train("report", "runs/\(name)")
    let page = try tiny.folder.text(of: "runs/\(name)/report.html").replacing(",", with: "")
    #expect(page.contains("lora \(planned ?? 0) trained"))
    let run = "runs/\(name)"
    let names = try FileManager.default.contentsOfDirectory(atPath: tiny.checkpoint(run, 6)).sorted()
    #expect(names == ["adapter.h5", "manifest.json", "training.h5"])
    let file = try ArrayFile("\(tiny.checkpoint(run, 6))/adapter.h5")
    #expect(file.arrays(in: "adapter").count == 2 * 3 * 2)
    #expect(
      file.array("base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight", in: "adapter")?.shape == [16, 4])
    let state = try ArrayFile("\(tiny.checkpoint(run, 6))/training.h5")
    #expect(
      state.arrays(in: "optimizer.exp_avg").count == 12
        && state.arrays(in: "optimizer.exp_avg").allSatisfy { $0.name.contains("lora_") })
    for step in [1, 4] {
      try tiny.copy(run, as: "\(run)-\(step)", upTo: step)
      try tiny.train("resume", "\(run)-\(step)")
      for file in ["adapter.h5", "training.h5"] {
        let paths = [run, "\(run)-\(step)"].map { "\(tiny.checkpoint($0, 6))/\(file)" }
        let same = try paths.map { try Digest.sha256(ofFile: $0, area: .data) }
        #expect(same[0] == same[1], "\(file) from step \(step)")
      }
    }
    if name == "dpo" { #expect(try tiny.trained(run)[0]["loss"]?.double.map { abs($0 - 0.693147) < 1e-5 } == true) }
    if name == "kto" { #expect(try tiny.trained(run)[0]["loss"]?.double == 0.5) }
  }

  /// The reference is the base with the adapter off: the scores of a run that trains the whole model from the same base are its.
  @Test func theReferenceIsTheBase() throws {
    try tiny.train("dpo", "dpo.json")
    let scores = try FileManager.default.contentsOfDirectory(atPath: tiny.path("data/.cache/reference")).sorted()
    try tiny.train("dpo", "dpo.json", "run=runs/whole", "~adapter")
    #expect(try FileManager.default.contentsOfDirectory(atPath: tiny.path("data/.cache/reference")).sorted() == scores)
  }

  /// `eval` measures against the run's reference, which is the base.
  @Test(arguments: ["dpo", "kto"]) func evalTakesTheBaseForTheReference(_ name: String) throws {
    // Rows of both kinds are measured as pairs.
    let text = try tiny.folder.text(of: "rows.jsonl")
    if name == "kto" {
      try tiny.write(
        text.replacing("\"chosen\"", with: "\"a\"").replacing("\"rejected\"", with: "\"b\""), to: "rows.jsonl")
    }
    try tiny.train(
      "dpo", "\(name).json", "data.validation=rows.jsonl", "~data.validation_fraction", "data.sequence_length=64")
    let row = try #require(try tiny.metrics("runs/\(name)").last { $0["kind"]?.string == "eval" })
    func measured(_ more: String...) throws -> JSONValue {
      let outcome = try Binary.run(
        ["eval", "runs/\(name)", "--data", "rows.jsonl", "--json", "--no-questions", "--sequence-length", "64"] + more,
        in: tiny.folder)
      #expect(outcome.code == 0, "\(outcome.log)")
      return try JSONValue.parse(Array(outcome.results.utf8), source: "eval", area: .data)
    }
    let (own, base) = (try measured(), try measured("--reference", "runs/tiny"))
    for key in ["rewards/chosen", "rewards/margins"] {
      let (value, other) = (try #require(own[key]?.double), try #require(base[key]?.double))
      let trained = try #require(row["eval_\(key)"]?.double)
      #expect(abs(value - other) < 1e-6 && abs(value - trained) < 1e-4, "\(key): \(value), \(other), \(trained)")
    }
    let inspected = try Binary.run(["inspect", "runs/\(name)", "--json"], in: tiny.folder)
    let facts = try JSONValue.parse(Array(inspected.results.utf8), source: "", area: .data)
    #expect(facts["base"] == "runs/tiny" && facts["adapter"]?["r"] == 4)
    #expect(facts["path"]?.string?.hasSuffix("step-000006/adapter.h5") == true)
    let tensors = try #require(facts["tensors"]?.object)
    #expect(tensors.first { $0.key.hasSuffix("0.self_attn.q_proj.lora_A.weight") }?.value == [4, 32])
    #expect(tensors.allSatisfy { $0.key.contains(".lora_") } && (facts["trained_parameters"]?.integer ?? 0) > 0)
  }

  private func loss(_ model: String, _ more: String...) throws -> Double {
    let data = try tiny.withoutPairs("rows.jsonl")
    let outcome = try Binary.run(
      [
        "eval", model, "--data", data, "--template", "plain", "--json", "--no-questions", "--sequence-length",
        "64",
      ]
        + more, in: tiny.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    let json = try JSONValue.parse(Array(outcome.results.utf8), source: "eval", area: .data)
    return try #require(json["loss"]?.double)
  }

  /// Measured, exported and imported, an adapted model is the one that was trained.
  @Test(arguments: [[], ["adapter.quantize_base=q8_0"], ["adapter.use_dora=true"]]) func modelsOfAdaptersAreWhole(
    _ changes: [String]
  ) throws {
    try tiny.write(
      (1...11).map { #"{"prompt": "say \#($0)", "completion": "yes \#($0)"}"# }.joined(separator: "\n"),
      to: "rows.jsonl")
    let held = ["data.validation=rows.jsonl", "~data.validation_fraction", "evaluation.every=6"]
    let outcome = try Binary.run(["sft", "sft.json"] + held + changes, in: tiny.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    let row = try #require(try tiny.metrics("runs/sft").last { $0["kind"]?.string == "eval" })
    let trained = try #require(row["eval_loss"]?.double)
    let base = try loss("runs/tiny")
    #expect(abs(trained - base) > 0.05)
    #expect(abs(try loss("runs/sft") - trained) < 1e-5)
    try tiny.train("export", "runs/sft", "hf", "--to", "hf")
    #expect(abs(try loss("hf") - trained) < 1e-5)
    try tiny.train("import", "runs/sft", "imported")
    #expect(abs(try loss("imported") - trained) < 1e-5)
    // A run that begins with it trains the whole model, adapter included.
    let next = try tiny.train(
      "sft", "sft.json", "run=runs/next", "~adapter", "model.from=runs/sft", "training.max_steps=1")
    #expect(next.contains("note: the adapter is merged into its base"), "\(next)")
    #expect(FileManager.default.fileExists(atPath: tiny.path("runs/next/step-000001/model.h5")))
  }

  /// A folder of PEFT's is the model that was trained, alone, beside its base in a recipe, and as what training goes on with.
  @Test func adaptersGoOutToPEFTAndComeBack() throws {
    try tiny.train("sft", "sft.json")
    let own = try loss("runs/sft")
    let log = try tiny.train("export", "runs/sft", "peft", "--to", "peft")
    #expect(!log.contains("merged"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: tiny.path("peft")).sorted() == [
        "adapter_config.json", "adapter_model.safetensors", "special_tokens_map.json", "tokenizer.json",
        "tokenizer_config.json",
      ])
    let json = try JSONValue.parse(
      Array(tiny.folder.text(of: "peft/adapter_config.json").utf8), source: "", area: .data)
    #expect(json["peft_type"] == "LORA" && json["r"] == 4 && json["base_model_name_or_path"] == "runs/tiny")
    #expect(json["target_modules"] == ["q_proj", "v_proj", "down_proj"])
    #expect(try loss("peft") == own)
    // Other programs save the configuration of the base beside it.
    try tiny.train("export", "runs/tiny", "base", "--to", "hf")
    let configuration = try tiny.folder.text(of: "base/config.json")
    try tiny.write(configuration, to: "peft/config.json")
    #expect(try loss("peft") == own)
    let started = ["sft", "sft.json", "model.from=runs/tiny", "model.adapter=peft", "training.max_steps=1"]
    for (name, changes) in [("whole", ["~adapter"]), ("on", ["adapter.lora_dropout=0"])] {
      let outcome = try Binary.run(
        started + changes + ["run=runs/\(name)", "optimizer.learning_rate=1e-30"], in: tiny.folder)
      #expect(outcome.code == 0, "\(outcome.log)")
      #expect(abs(try loss("runs/\(name)") - own) < 1e-5)
      #expect(outcome.log.contains("note: the adapter is merged into its base") == (name == "whole"))
    }
    let other = try tiny.train(
      "sft", "sft.json", "model.from=runs/tiny", "model.adapter=peft", "run=runs/other", "adapter.r=8", code: 3)
    #expect(other.contains("not the one that the model starts with"), "\(other)")
    // Preferences after it are against what it started with, however products are rounded; dropout moves the first loss.
    for (precision, other) in [("bfloat16", "float32"), ("float32", "bfloat16")] {
      try tiny.train(
        "dpo", "dpo.json", "model.adapter=peft", "adapter.lora_dropout=0", "training.max_steps=2",
        "training.precision=\(precision)", "--overwrite")
      #expect(try tiny.trained("runs/dpo")[0]["loss"]?.double.map { abs($0 - 0.693147) < 1e-4 } == true)
      // It is the same reference with another precision.
      try tiny.train(
        "eval", "runs/dpo", "--data", "rows.jsonl", "--no-questions", "--sequence-length", "64", "--precision", other)
      try tiny.train("resume", "runs/dpo", "training.max_steps=4", "training.precision=\(other)")
    }
    try tiny.train("dpo", "dpo.json", "model.adapter=peft", "run=runs/dropped", "training.max_steps=1")
    #expect(try tiny.trained("runs/dropped")[0]["loss"]?.double.map { abs($0 - 0.693147) > 1e-4 } == true)
  }

  /// The same layers in another order, and names that are no layer's, which PEFT passes over.
  @Test func foldersOfPEFTNameLayersInTheirOwnWay() throws {
    try tiny.train("sft", "sft.json", "training.max_steps=1")
    try tiny.train("export", "runs/sft", "peft", "--to", "peft")
    let own = try loss("peft")
    let text = try tiny.folder.text(of: "peft/adapter_config.json")
    try tiny.write(text.replacing("\"q_proj\"", with: "\"w1\", \"q_proj\""), to: "peft/adapter_config.json")
    #expect(try loss("peft") == own)
    #expect(try tiny.train("generate", "peft", "--prompt", "a", "--max-tokens", "1").contains("passes over: w1"))
    try tiny.train(
      "sft", "sft.json", "model.from=runs/tiny", "model.adapter=peft", "run=runs/on", "training.max_steps=1",
      "adapter.target_modules=[\"v_proj\",\"down_proj\",\"q_proj\"]")
  }

  /// A head that is the embedding, too, cannot take the update of its adapter: found before there is a run.
  @Test func whatCannotBeMergedBeginsNoWholeRun() throws {
    try tiny.train("pretrain", "tiny.json", "training.max_steps=1", "run=runs/tied", "model.tie_word_embeddings=true")
    let base = "model.from=runs/tied"
    try tiny.train("sft", "sft.json", base, "adapter.target_modules=[\"lm_head\"]", "training.max_steps=1")
    try tiny.train("export", "runs/sft", "peft", "--to", "peft")
    let log = try tiny.train("sft", "sft.json", base, "model.adapter=peft", "~adapter", "run=runs/whole", code: 5)
    #expect(log.contains("cannot be merged"), "\(log)")
    try tiny.train("validate", "sft.json", base, "model.adapter=peft", "~adapter", "run=runs/whole", code: 5)
    #expect(!log.contains("is merged into its base") && !Folder.exists(tiny.path("runs/whole")), "\(log)")
  }

  @Test func brokenFoldersOfPEFTAreRefused() throws {
    try tiny.train("sft", "sft.json", "training.max_steps=1")
    try tiny.train("export", "runs/sft", "peft", "--to", "peft")
    let config = try tiny.folder.text(of: "peft/adapter_config.json")
    func refusal(_ change: (String) -> String, code: Int32 = 5) throws -> String {
      try tiny.write(change(config), to: "peft/adapter_config.json")
      return try tiny.train("generate", "peft", "--prompt", "a", "--max-tokens", "1", code: code)
    }
    #expect(try refusal { $0.replacing("\"r\": 4", with: "\"r\": 5") }.contains("expected [5, 32], found [4, 32]"))
    #expect(try refusal { $0.replacing("\"q_proj\",", with: "") }.contains("q_proj.lora_A.weight is unknown"))
    #expect(try refusal { $0.replacing("runs/tiny", with: "org/model") }.contains("\"from\": BASE"))
    #expect(try refusal { $0.replacing("\"LORA\"", with: "\"LOHA\"") }.contains("peft_type"))
    #expect(try refusal { _ in "{" }.contains("adapter_config.json"))
    #expect(try refusal { $0.replacing("\"r\": 4", with: "\"r\": 400000000") }.contains("does not fit"))
    #expect(try refusal { _ in "[]" }.contains("where an object is expected"))
    let endless = "{\"exclude_modules\": \"(.*)*(.*)*(.*)*z\", \"base_model_name_or_path\": \"runs/tiny\"}"
    #expect(try refusal { _ in endless }.contains("takes too long"))
    // A base that has an adapter is refused before its own is opened, which may be itself.
    for base in ["peft", "runs/sft"] {
      #expect(try refusal { $0.replacing("runs/tiny", with: base) }.contains("has adapters of its own"))
    }
    try tiny.write(config, to: "peft/adapter_config.json")
    try tiny.truncate("peft/adapter_model.safetensors", to: 0.5)
    #expect(try tiny.train("generate", "peft", "--prompt", "a", code: 5).contains("adapter_model.safetensors"))
    try FileManager.default.moveItem(
      atPath: tiny.path("peft/adapter_model.safetensors"), toPath: tiny.path("peft/adapter_model.bin"))
    #expect(try tiny.train("generate", "peft", "--prompt", "a", code: 5).contains("pickled Python"))
    try Folder.remove(tiny.path("peft/adapter_model.bin"))
    let empty = try tiny.train("generate", "peft", "--prompt", "a", code: 5)
    #expect(empty.contains("the adapter has no weights") && !empty.contains("a whole model"), "\(empty)")
    try tiny.write("", to: "peft/model.safetensors")
    let whole = try tiny.train("generate", "peft", "--prompt", "a", code: 5)
    #expect(whole.contains("the adapter has no weights") && whole.contains("once adapter_config.json is gone"))
    let none = try tiny.train("export", "runs/tiny", "out", "--to", "peft", code: 2)
    #expect(none.contains("has no adapter"), "\(none)")
  }

  @Test func anotherBaseIsRefusedAndAMovedOneIsFound() throws {
    try tiny.train("sft", "sft.json")
    try tiny.train("resume", "runs/tiny", "training.max_steps=7")
    let changed = try tiny.train("resume", "runs/sft", "training.max_steps=8", code: 5)
    #expect(changed.contains("not the one that the adapter was trained on"), "\(changed)")
    let generated = try tiny.train("generate", "runs/sft", "--prompt", "a", "--max-tokens", "1", code: 5)
    #expect(generated.contains("not the one that the adapter was trained on"), "\(generated)")
    try tiny.train("resume", "runs/sft", "training.max_steps=8", "model.from=runs/tiny/step-000006")
    try FileManager.default.moveItem(atPath: tiny.path("runs/tiny"), toPath: tiny.path("runs/moved"))
    let gone = try tiny.train("resume", "runs/sft", "training.max_steps=9", code: 5)
    #expect(gone.contains("is not to be had") && gone.contains("model.from=PATH"), "\(gone)")
    try tiny.train("resume", "runs/sft", "training.max_steps=9", "model.from=runs/moved/step-000006")
  }

  @Test(arguments: [
    ("adapter.r=0", 3, "r"), ("adapter.target_modules=[\"query\"]", 5, "matches no linear layer"),
    ("adapter.lora_alfa=3", 2, "did you mean \"lora_alpha\"?"), ("adapter.quantize_base=q3", 3, "quantize_base"),
    ("model.from=runs/sft", 5, "has adapters of its own"), ("model.adapter=runs/sft", 5, "--to peft"),
  ])
  func whatCannotBeAdaptedIsRefused(_ change: String, _ code: Int32, _ words: String) throws {
    try tiny.train("sft", "sft.json", "training.max_steps=1")
    let log = try tiny.train("sft", "sft.json", "run=runs/other", change, code: code)
    #expect(log.contains(words), "\(log)")
    #expect(!Folder.exists(tiny.path("runs/other/step-000001")))
    let checked = try tiny.train("validate", "sft.json", "run=runs/other", change, code: code)
    #expect(checked.contains(words), "\(checked)")
  }

  @Test func aRunGoesOnWithItsAdapter() throws {
    try tiny.train("sft", "sft.json")
    for change in ["adapter.r=8", "adapter.target_modules=all-linear", "~adapter"] {
      let log = try tiny.train("resume", "runs/sft", "training.max_steps=8", change, code: 3)
      #expect(log.contains("goes on with the adapter that it began with"), "\(change): \(log)")
    }
  }
}
