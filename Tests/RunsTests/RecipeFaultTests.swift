import Files
import Runs
import Testing

/// Every key of a valid recipe with every kind of wrong value: nothing traps, and what is wrong is named.
@Suite struct RecipeFaultTests {
  private static let recipes = [
    RecipeFixture.text,
    """
    { "task": "pretrain",
      "model": { "architecture": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "head_dim": 16, "vocab_size": 300, "rope_scaling": { "rope_type": "llama3",
        "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 32 } },
      "tokenizer": { "train": { "vocab_size": 300, "pattern": "gpt2", "special_tokens": ["<a>"] } },
      "data": { "train": ["a"], "validation_fraction": 0.1 },
      "optimizer": { "learning_rate": 1 }, "schedule": { "name": "wsd", "decay_steps": 3 },
      "training": { "batch_size": 8, "micro_batch_size": 4, "tokens": 100000000000 } }
    """,
    """
    { "task": "pretrain", "tokenizer": { "from": "bytes" }, "data": { "train": "a" },
      "model": { "architecture": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_inner": 9 },
      "optimizer": { "learning_rate": 1 }, "training": { "batch_size": 1, "epochs": 0.5 } }
    """,
  ]

  private static let values: [JSONValue] = [
    nil, true, false, -1, 0, 1, 3, 0.5, -0.5, 1e308, 1e-300, "", "x", "auto", [], [nil], [1, 2], [:], ["x": 1], 257,
    2_147_483_647, 2_147_483_648, 9_223_372_036_854_775_807, JSONValue(Int.min),
  ]

  private static let places: [(recipe: Int, path: [String])] = recipes.indices.flatMap { index in
    let resolved = try! RecipeFixture.decode(recipes[index]).resolved
    return paths(of: resolved).map { (index, $0) }
  }

  private static func paths(of value: JSONValue) -> [[String]] {
    (value.object ?? []).flatMap { member in [[member.key]] + paths(of: member.value).map { [member.key] + $0 } }
  }

  private static func replacing(_ document: JSONValue, _ path: ArraySlice<String>, _ value: JSONValue) -> JSONValue {
    guard let key = path.first else { return value }
    var document = document
    document[key] = replacing(document[key] ?? [:], path.dropFirst(), value)
    return document
  }

  @Test(arguments: places) func noValueTraps(_ place: (recipe: Int, path: [String])) throws {
    let resolved = try RecipeFixture.decode(Self.recipes[place.recipe]).resolved
    let name = place.path.joined(separator: ".")
    for value in Self.values {
      let text = Self.replacing(resolved, place.path[...], value).serialized(pretty: true)
      guard let failure = RecipeFixture.failure(text) else { continue }
      for failure in [failure] + failure.others {
        #expect(failure.area == .recipe, "\(name) = \(value.serialized()): \(failure)")
        #expect(failure.place?.hasPrefix("r.json:") == true, "\(name) = \(value.serialized()): \(failure)")
      }
    }
  }

  @Test(arguments: places) func aValueOfTheWrongKindIsNamed(_ place: (recipe: Int, path: [String])) throws {
    let resolved = try RecipeFixture.decode(Self.recipes[place.recipe]).resolved
    let name = place.path.joined(separator: ".")
    let isObject = place.path.reduce(resolved) { $0[$1] ?? nil }.object != nil
    let wrong: JSONValue = isObject ? 3 : [["x": 1]]
    let failure = try #require(RecipeFixture.failure(Self.replacing(resolved, place.path[...], wrong).serialized()))
    #expect(failure.what.hasPrefix("\"\(name)\" must be ") && failure.others.isEmpty, "\(failure)")
  }

  @Test(arguments: places.filter { $0.path.count > 1 }) func aMisspeltKeyIsFoundAndCorrected(
    _ place: (recipe: Int, path: [String])
  ) throws {
    let key = place.path.last!
    var path = place.path
    path[path.count - 1] = String(key.prefix(1)) + String(key.dropFirst(2))
    let resolved = try RecipeFixture.decode(Self.recipes[place.recipe]).resolved
    let failure = try #require(RecipeFixture.failure(Self.replacing(resolved, path[...], 1).serialized()))
    #expect(failure.what == "unknown key \"\(path.joined(separator: "."))\"")
    #expect(failure.notes == ["did you mean \"\(key)\"?"])
  }

  /// What fits no task is not said of a task that is not known.
  @Test func anUnknownTaskIsTheOnlyProblem() {
    let text = RecipeFixture.text(replacing: "\"sequence_length\": 32", with: "\"template\": \"plain\"")
    let known = RecipeFixture.failure(text)
    #expect(known?.what.contains("are for conversations") == true, "\(known as Any)")
    let failure = RecipeFixture.failure(text.replacing("\"pretrain\"", with: "\"kto\""))
    #expect(failure?.what.hasPrefix("\"task\" must be") == true && failure?.others.isEmpty == true, "\(failure as Any)")
  }

  @Test func noChangedByteTraps() {
    let bytes = Array(RecipeFixture.text.utf8)
    var state: UInt64 = 1
    for _ in 0..<3000 {
      var changed = bytes
      for _ in 0..<2 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        changed[Int(state >> 33) % changed.count] = UInt8(truncatingIfNeeded: state >> 24)
      }
      if let failure = RecipeFixture.failure(changed) { #expect(failure.exitCode == 3, "\(failure)") }
    }
  }
}
