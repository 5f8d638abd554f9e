import Files
import Testing

/// What no machine can hold is refused before anything is made of it.
@Suite struct MemoryTests {
  private static let huge = [
    "model.hidden_size=65536", "model.intermediate_size=262144", "model.num_hidden_layers=200",
    "model.num_attention_heads=512", "model.num_key_value_heads=512",
  ]

  @Test func aRunThatDoesNotFitIsRefused() throws {
    let tiny = try TinyRun()
    for command in ["pretrain", "validate", "bench"] {
      let outcome = try Binary.run([command, "tiny.json"] + Self.huge, in: tiny.folder)
      #expect(outcome.code == 6 && outcome.log.contains("the run does not fit into memory"), "\(outcome.log)")
      #expect(
        outcome.log.contains("are usable") && outcome.log.contains("model.num_hidden_layers=50: about"),
        "\(outcome.log)")
    }
    #expect(try Binary.run(["resume", "runs/tiny"], in: tiny.folder).code == 2)
    try tiny.train("pretrain", "tiny.json", "training.max_steps=1")
  }

  @Test func aPlanOfItIsMadeAllTheSame() throws {
    let tiny = try TinyRun()
    let outcome = try Binary.run(["plan", "tiny.json", "--json"] + Self.huge, in: tiny.folder)
    #expect(outcome.code == 0 && outcome.log.contains("warning: the run does not fit into memory"), "\(outcome.log)")
    let plan = try JSONValue.parse(Array(outcome.results.utf8), source: "plan", area: .data)
    #expect(plan["peak_memory"]!.double! > 1e13 && plan["parameters"]!.double! > 1e12, "\(outcome.results)")
    let more = try Binary.run(
      ["plan", "tiny.json", "training.batch_size=2147483646", "data.train=none"], in: tiny.folder)
    #expect(more.code == 0 && more.log.contains("training.batch_size=32: about"), "\(more.log)")
  }
}
