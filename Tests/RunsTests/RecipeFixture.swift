import Files
import Runs

/// A recipe with one section or key a line, so that an error's line is known.
enum RecipeFixture {
  static let lines = [
    #"{"#,
    #"  "task": "pretrain","#,
    #"  "run": "checkpoints/fixture","#,
    #"  "model": { "architecture": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,"#,
    #"    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64 },"#,
    #"  "tokenizer": { "from": "bytes" },"#,
    #"  "data": { "train": "a.txt", "sequence_length": 32 },"#,
    #"  "objective": { "name": "next_token" },"#,
    #"  "optimizer": { "name": "adamw", "learning_rate": 1e-3, "betas": [0.9, 0.95] },"#,
    #"  "schedule": { "name": "cosine", "warmup_steps": 5 },"#,
    #"  "training": { "batch_size": 8, "max_steps": 100 }"#,
    #"}"#,
  ]

  static var text: String { lines.joined(separator: "\n") }

  /// The fixture with `old` replaced, which must be there.
  static func text(replacing old: String, with new: String) -> String {
    let parts = text.components(separatedBy: old)
    precondition(parts.count == 2, "\(old) is in the fixture \(parts.count - 1) times")
    return parts.joined(separator: new)
  }

  static func decode(_ text: String = text, _ overrides: [String] = []) throws(Failure) -> Recipe {
    try Recipe(Array(text.utf8), source: "r.json", overrides: overrides.map { RecipeOverride($0)! })
  }

  /// The failure that decoding `bytes` ends with, nil when it ends well.
  static func failure(_ bytes: [UInt8]) -> Failure? {
    do {
      _ = try Recipe(bytes, source: "r.json")
      return nil
    } catch {
      return error
    }
  }

  /// The failure that decoding `text` ends with, nil when it ends well.
  static func failure(_ text: String = text, _ overrides: [String] = []) -> Failure? {
    do {
      _ = try decode(text, overrides)
      return nil
    } catch {
      return error
    }
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}
