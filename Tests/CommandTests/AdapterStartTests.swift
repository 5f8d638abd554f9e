import Checkpoints
import Files
import Foundation
import Testing

/// Adapters that begin as a part of their base, bases that stay in the blocks of their file, and what other programs are given.
@Suite(.serialized) struct AdapterStartTests {
  private let tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "training.max_steps=6", "model.max_position_embeddings=64")
    try tiny.write(
      (1...11).map {
        #"{"prompt": "say \#($0)", "chosen": "yes \#($0 % 7)", "rejected": "\#($0 % 5) no", "completion": "yes \#($0)"}"#
      }.joined(separator: "\n"), to: "rows.jsonl")
    for name in ["sft", "dpo"] {
      try tiny.write(
        """
        {
          "task": "\(name)", "run": "runs/\(name)", "seed": 3, "model": { "from": "runs/tiny" },
          "adapter": { "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "down_proj"] },
          "data": { "train": "rows.jsonl", "template": "plain", "validation_fraction": 0.2 },
          "objective": { "name": "\(name)" }, "optimizer": { "learning_rate": 1e-2 },
          "training": { "batch_size": 4, "micro_batch_size": 2, "max_steps": 6 },
          "evaluation": { "every": 3 }, "checkpoint": { "every": 1, "keep_last": 20 },
          "logging": { "every": 4, "tensorboard": false, "report": false }
        }
        """, to: "\(name).json")
    }
  }

  private func expectSame(
    _ one: String, _ other: String, step: Int = 6, _ files: [String] = ["adapter.h5", "training.h5"]
  )
    throws
  {
    for file in files {
      let same = try [one, other].map { try Digest.sha256(ofFile: "\(tiny.checkpoint($0, step))/\(file)", area: .data) }
      #expect(same[0] == same[1], "\(file) of \(one) and \(other)")
    }
  }

  private func loss(_ model: String) throws -> Double {
    let data = try tiny.withoutPairs("rows.jsonl")
    let outcome = try Binary.run(
      [
        "eval", model, "--data", data, "--template", "plain", "--json", "--no-questions", "--sequence-length",
        "64",
      ], in: tiny.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    let json = try JSONValue.parse(Array(outcome.results.utf8), source: "eval", area: .data)
    return try #require(json["loss"]?.double)
  }

  /// It resumes exactly, and its reference is the model that it began as: the base itself.
  @Test(arguments: ["sft", "dpo"]) func aPrincipalStartResumesExactly(_ name: String) throws {
    let pissa = "adapter.init_lora_weights=pissa"
    try tiny.train(name, "\(name).json", pissa)
    try tiny.copy("runs/\(name)", as: "runs/again", upTo: 2)
    try tiny.train("resume", "runs/again")
    try expectSame("runs/\(name)", "runs/again")
    let file = try ArrayFile("\(tiny.checkpoint("runs/\(name)", 6))/adapter.h5")
    #expect(file.arrays(in: "original").map(\.name) == file.arrays(in: "adapter").map(\.name))
    if name == "dpo" {
      #expect(try tiny.trained("runs/dpo")[0]["loss"]?.double.map { abs($0 - 0.693147) < 1e-4 } == true)
      let scores = try FileManager.default.contentsOfDirectory(atPath: tiny.path("data/.cache/reference")).sorted()
      try tiny.train("dpo", "dpo.json", "run=runs/whole", "~adapter")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: tiny.path("data/.cache/reference")).sorted() == scores)
    } else {
      let own = try loss("runs/sft")
      #expect(try abs(loss("runs/tiny") - own) > 0.02)
      try tiny.train("export", "runs/sft", "peft", "--to", "peft")
      let json = try JSONValue.parse(
        Array(tiny.folder.text(of: "peft/adapter_config.json").utf8), source: "", area: .data)
      #expect(json["r"] == 8 && json["lora_alpha"]?.double == 16 && json["init_lora_weights"] == true)
      #expect(try abs(loss("peft") - own) < 1e-5)
      // What PEFT itself saves has the updates alone: the base is taken apart anew.
      let text = try tiny.folder.text(of: "peft/adapter_config.json")
      try tiny.write(
        text.replacing("\"init_lora_weights\": true", with: "\"init_lora_weights\": \"pissa_niter_4\""),
        to: "peft/adapter_config.json")
      #expect(
        try tiny.train("generate", "peft", "--prompt", "a", code: 5).contains(
          "path_initial_model_for_weight_conversion"))
    }
  }

  @Test func aPrincipalStartNeedsFloats() throws {
    let log = try tiny.train(
      "sft", "sft.json", "adapter.init_lora_weights=pissa", "adapter.quantize_base=q8_0", code: 3)
    #expect(log.contains("needs a base of floats"), "\(log)")
    let note = try tiny.train(
      "sft", "sft.json", "adapter.init_lora_weights=pissa_niter_4", "adapter.quantize_base=bfloat16",
      "training.max_steps=1")
    #expect(note.contains("pissa_niter_4 is computed exactly"), "\(note)")
    let other = try tiny.train("resume", "runs/sft", "adapter.init_lora_weights=true", "training.max_steps=2", code: 3)
    #expect(other.contains("goes on with the adapter"), "\(other)")
  }

  /// Frozen blocks are the floats that they stand for: every number of a run is the same.
  @Test func theBlocksOfAFileAreKept() throws {
    try tiny.train("export", "runs/tiny", "tiny.gguf", "--to", "gguf", "--dtype", "q8_0")
    let started = ["sft", "sft.json", "model.from=tiny.gguf"]
    for (name, more) in [("floats", []), ("blocks", ["adapter.quantize_base=gguf"])] {
      let outcome = try Binary.run(started + more + ["run=runs/\(name)"], in: tiny.folder)
      #expect(outcome.code == 0, "\(outcome.log)")
    }
    for (one, other) in zip(try tiny.metrics("runs/floats"), try tiny.metrics("runs/blocks")) {
      #expect(one["loss"] == other["loss"] && one["eval_loss"] == other["eval_loss"])
    }
    let again = try Binary.run(started + ["adapter.quantize_base=q4_0", "run=runs/rounded"], in: tiny.folder)
    #expect(again.code == 0 && again.log.contains("matrices of Q8_0 are rounded again, to Q4_0"), "\(again.log)")
    let exported = try tiny.train("export", "runs/blocks", "lora.gguf", "--to", "gguf-lora")
    #expect(!exported.contains("fewer bits"), "\(exported)")
    try tiny.copy("runs/blocks", as: "runs/again", upTo: 3)
    try tiny.train("resume", "runs/again")
    try expectSame("runs/blocks", "runs/again")
    for path in ["runs/tiny", "hf"] {
      if path == "hf" { try tiny.train("export", "runs/tiny", "hf", "--to", "hf") }
      let log = try tiny.train(
        "sft", "sft.json", "model.from=\(path)", "adapter.quantize_base=gguf", "run=runs/none", code: 5)
      #expect(log.contains("the base is none") && log.contains("q4_0"), "\(log)")
    }
  }

  /// An adapter's folder alone reads text as its own tokenizer does, not as its base's.
  @Test func theTokenizerBesideAnAdapterIsTaken() throws {
    try tiny.train("sft", "sft.json", "training.max_steps=2")
    try tiny.train("export", "runs/sft", "peft", "--to", "peft")
    let own = try loss("peft")
    let text = try tiny.folder.text(of: "peft/tokenizer.json")
    // The byte for "y" (0x79) has the id of "z", and the other way round.
    var swapped = text.replacing("\"y\":", with: "\"TEMPORARY\":").replacing("\"z\":", with: "\"y\":")
    swapped = swapped.replacing("\"TEMPORARY\":", with: "\"z\":")
    try #require(swapped != text)
    try tiny.write(swapped, to: "peft/tokenizer.json")
    #expect(try loss("peft") != own)
    try tiny.write(text, to: "peft/tokenizer.json")
    #expect(try loss("peft") == own)
    try tiny.write(
      """
      {"tokenizer_class": "PreTrainedTokenizerFast", "added_tokens_decoder": {"256": {"content": "<|endoftext|>", "special": true},
       "257": {"content": "<new>", "special": true}}, "chat_template": "{{ '<new>' }}"}
      """, to: "peft/tokenizer_config.json")
    let log = try tiny.train("generate", "peft", "--prompt", "a", code: 5)
    #expect(log.contains("has tokens that its base has not") && log.contains("258 tokens"), "\(log)")
  }

  /// An adapter's files know no base in few bits: what is written is the adapter, and the difference is said.
  @Test(arguments: ["q8_0", "q4_0", "bfloat16"]) func adaptersBesideRoundedBasesGoOut(_ form: String) throws {
    try tiny.train("sft", "sft.json", "adapter.quantize_base=\(form)")
    for format in ["peft", "gguf-lora"] {
      let log = try tiny.train("export", "runs/sft", format, "--to", format)
      #expect(log.contains("beside a base of fewer bits"), "\(log)")
    }
    // The reference of a run that goes on with the adapter is what it starts with, in few bits.
    try tiny.train(
      "dpo", "dpo.json", "model={\"from\":\"runs/tiny\",\"adapter\":\"peft\"}", "adapter.quantize_base=\(form)")
    let first = try #require(try tiny.trained("runs/dpo")[0]["loss"]?.double)
    #expect(abs(first - 0.693147) < 1e-5, "\(first)")
  }

  /// The weights of a base are not all that it is.
  @Test func aBaseWithAnotherConfigurationIsRefused() throws {
    try tiny.train("export", "runs/tiny", "base", "--to", "hf")
    try tiny.train("sft", "sft.json", "model.from=base")
    let path = tiny.path("base/config.json")
    let text = String(decoding: try ReadableFile.contents(of: path, area: .data), as: UTF8.self)
    let config = try JSONValue.parse(Array(text.utf8), source: path, area: .data)
    var changed = config
    changed["rms_norm_eps"] = 0.5
    try tiny.write(changed.serialized(), to: "base/config.json")
    for command in [["resume", "runs/sft", "training.max_steps=8"], ["generate", "runs/sft", "--prompt", "a"]] {
      let outcome = try Binary.run(command, in: tiny.folder)
      #expect(outcome.code == 5 && outcome.log.contains("another rms_norm_eps"), "\(outcome)")
    }
  }

  @Test func validateKnowsTheAdapterThatAModelHas() throws {
    try tiny.train("sft", "sft.json")
    try tiny.train("export", "runs/sft", "peft", "--to", "peft")
    let start = "model={\"from\":\"runs/tiny\",\"adapter\":\"peft\"}"
    #expect(try Binary.run(["validate", "sft.json", start], in: tiny.folder).code == 0)
    let other = try Binary.run(["validate", "sft.json", start, "adapter.r=8"], in: tiny.folder)
    #expect(other.code == 3 && other.log.contains("is not the one that the model starts with"), "\(other)")
    let foreign = try Binary.run(["validate", "sft.json", "adapter.init_lora_weights=false"], in: tiny.folder)
    #expect(foreign.code == 5 && foreign.log.contains("no adapter begins"), "\(foreign)")
  }
}
