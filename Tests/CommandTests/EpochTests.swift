import Files
import Support
import Testing

/// An epoch is one pass over whatever is trained, and a run goes on from inside one.
@Suite(.serialized) struct EpochTests {
  private let tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "training.max_steps=2", "run=runs/base", "model.max_position_embeddings=64")
    let rows = (1...7).map { index in
      let answer = String(repeating: "\(index)", count: 1 + index % 4)
      return (
        #"{"messages": [{"role": "user", "content": "say \#(index)"}, {"role": "assistant", "content": "\#(answer)"}]}"#,
        #"{"prompt": "say \#(index)", "chosen": "yes \#(answer)", "rejected": "no \#(index)"}"#,
        #"{"prompt": "say \#(index)", "completion": "yes \#(answer)", "label": \#(index % 2 == 0)}"#
      )
    }
    try tiny.write(rows.map(\.0).joined(separator: "\n"), to: "turns.jsonl")
    try tiny.write(rows.map(\.1).joined(separator: "\n"), to: "pairs.jsonl")
    try tiny.write(rows.map(\.2).joined(separator: "\n"), to: "labelled.jsonl")
    for (name, data, objective) in [
      ("sft", "turns", "sft"), ("dpo", "pairs", "dpo"), ("kto", "labelled", "kto"),
    ] {
      try tiny.write(
        """
        {
          "task": "\(name == "sft" ? "sft" : "dpo")", "run": "runs/\(name)", "seed": 3, "model": { "from": "runs/base" },
          "data": { "train": "\(data).jsonl", "sequence_length": 64, "template": "plain", "packing": false },
          "objective": { "name": "\(objective)" },
          "optimizer": { "name": "adamw", "learning_rate": 1e-3 },
          "training": { "batch_size": 3, "micro_batch_size": 1, "epochs": 4 },
          "checkpoint": { "every": 1, "keep_last": 20 },
          "logging": { "every": 4, "tensorboard": false, "report": false }
        }
        """, to: "\(name).json")
    }
  }

  /// 26 windows in batches of 10 are three steps an epoch, the last of six; seven rows in batches of three are three, too, the last of one row.
  @Test(arguments: ["tiny", "sft", "dpo", "kto"]) func resumingFromEveryStepIsExact(_ name: String) throws {
    let command = ["tiny": "pretrain", "sft": "sft"][name] ?? "dpo"
    if name == "tiny" {
      try tiny.train(command, "tiny.json", "~training.max_steps", "training.epochs=4", "training.batch_size=10")
    } else {
      try tiny.train(command, "\(name).json")
    }
    let run = "runs/\(name)"
    let rows = try tiny.metrics(run)
    let trained = rows.filter { $0["kind"]?.string == "train" }
    #expect(trained.map { $0["step"]?.integer } == Array(1...12))
    let tokens = trained.compactMap { $0["tokens"]?.integer }
    let epoch = tokens[2]
    #expect([5, 8, 11].map { tokens[$0] } == [2, 3, 4].map { $0 * epoch }, "every epoch reads the same: \(tokens)")
    #expect(tokens[2] - tokens[1] < tokens[1] - tokens[0], "the last batch of an epoch is the smaller one: \(tokens)")
    let whole = try tiny.contents(run, step: 12)
    for step in 1..<12 {
      let copy = "\(run)-from-\(step)"
      try tiny.copy(run, as: copy, upTo: step)
      try tiny.train("resume", copy)
      #expect(try tiny.contents(copy, step: 12).differences(whole) == [], "from step \(step)")
      #expect(try tiny.metrics(copy) == rows, "from step \(step)")
    }
  }

  /// Two of three samples are of seven rows, the third of seven longer ones: 19 samples are an epoch, of 14 different ones.
  @Test func anEpochOfWeightedSourcesEndsWhereAllAreRead() throws {
    try tiny.write(try tiny.folder.text(of: "turns.jsonl").replacing("say", with: "please write"), to: "others.jsonl")
    let weights = #"data.train=[{"path": "turns.jsonl", "weight": 2}, {"path": "others.jsonl", "weight": 1}]"#
    let log = try tiny.train(
      "sft", "sft.json", weights, "training.batch_size=4", "training.micro_batch_size=auto", "training.epochs=2",
      "checkpoint.every=epoch")
    #expect(try tiny.steps("runs/sft") == [5, 10])
    // What a step reads in the mean is that of what is read, not of what is there.
    let tokens = try #require(try tiny.metrics("runs/sft")[4]["tokens"]?.integer)
    #expect(log.contains(", 10 steps of \(4 * tokens / 19) tokens, 5 an epoch"), "\(log)")
    let plan = try Binary.run(
      ["plan", "sft.json", weights, "training.batch_size=18", "training.micro_batch_size=auto", "--json"],
      in: tiny.folder)
    let figures = try JSONValue.parse(Array(plan.results.utf8), source: "plan", area: .data)
    #expect(figures["tokens_per_step"]?.double == (Double(18 * tokens) / 19).rounded(), "\(plan.results)")
  }

  /// Five rows in batches of 32, one epoch: one step of five rows. Packed, they are fewer samples and as many tokens.
  @Test(arguments: ["false", "true"]) func aBatchIsNotFilledFromTheNextEpoch(_ packing: String) throws {
    let text = try tiny.folder.text(of: "turns.jsonl").split(separator: "\n").prefix(5).joined(separator: "\n")
    try tiny.write(text, to: "turns.jsonl")
    let log = try tiny.train(
      "sft", "sft.json", "training.batch_size=32", "training.epochs=3", "training.micro_batch_size=auto",
      "data.packing=\(packing)")
    let rows = try tiny.metrics("runs/sft")
    #expect(log.contains("3 steps of "), "\(log)")
    #expect(log.contains(", 1 an epoch"), "\(log)")
    let tokens = rows.compactMap { $0["tokens"]?.integer }
    #expect(tokens.count == 3 && tokens[1] == 2 * tokens[0] && tokens[2] == 3 * tokens[0])
    #expect(log.contains("5 examples, \(tokens[0]) tokens"), "\(log)")
  }
}
