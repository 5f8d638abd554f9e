import Corpus
import Files
import Inference
import ModelFiles
import Models
import Runs

/// What is in a checkpoint or a token shard.
struct FileContents {
  /// The facts in their order.
  private let facts: [(name: String, value: JSONValue)]
  private let tensors: [(name: String, shape: [Int])]

  init(_ path: String) throws(Failure) {
    if !Folder.exists(path), let shard = try Self.shard(path) {
      let tokens = try shard.tokens(0..<min(16, shard.count))
      facts = [
        ("kind", "token shard"), ("bytes_per_token", JSONValue(shard.layout.tokenWidth)),
        ("tokens", JSONValue(shard.count)), ("first_tokens", JSONValue(tokens.map { JSONValue(Int($0)) })),
      ]
      tensors = []
      return
    }
    if !Folder.exists(path), let format = try? CorpusFormat(recognising: path), !format.holdsTokens {
      throw Failure(
        .usage, "a file of data is shown through a recipe, which says how it is read", at: path,
        notes: [
          "text: `train inspect shakespeare-char data.train=\(path)`",
          "rows: `train inspect smollm2-sft data.train=\(path)`, or with a recipe of your own",
        ])
    }
    let (stored, model) = try Waiting.during("opening \(path)") { () throws(Failure) in
      let stored = try StoredModel(at: path)
      // Merged, an adapter would not be seen.
      if let adapter = stored.adapter { return (stored, try stored.adaptedModel(adapter)) }
      return (stored, try stored.model())
    }
    let (weights, trained) = (model.namedParameters, stored.adapter == nil ? [] : model.trainedParameters)
    var facts: [(String, JSONValue)] = [
      ("kind", "model"), ("path", JSONValue(stored.path)), ("step", JSONValue(stored.step)),
      ("parameters", JSONValue(weights.reduce(0) { $0 + $1.shape.count })), ("config", stored.configuration.json),
    ]
    if let adapter = stored.adapter {
      facts += [
        ("base", JSONValue(adapter.base)), ("adapter", adapter.settings.json(base: adapter.base)),
        ("trained_parameters", JSONValue(trained.reduce(0) { $0 + $1.shape.count })),
      ]
    }
    if let tokenizer = stored.tokenizer { facts.append(("tokenizer_tokens", JSONValue(tokenizer.vocabularySize))) }
    if let ends = stored.endTokens { facts.append(("end_tokens", JSONValue(ends.map { JSONValue(Int($0)) }))) }
    facts.append(("chat_template", JSONValue(stored.chatTemplate)))
    self.facts = facts
    tensors = (stored.adapter == nil ? weights : trained).map { ($0.name, $0.shape.dimensions) }
  }

  /// The shard at `path`, nil when it is not one.
  private static func shard(_ path: String) throws(Failure) -> Shard? {
    let file = try ReadableFile(path, area: .data)
    return ShardLayout.isShard(try file.read(min(file.count, 1024), at: 0)) ? try Shard(path) : nil
  }

  var json: JSONValue {
    var members = facts.map { JSONMember($0.name, $0.value) }
    if !tensors.isEmpty {
      members.append(
        JSONMember(
          "tensors",
          JSONValue(tensors.map { JSONMember($0.name, JSONValue($0.shape.map { JSONValue($0) })) })))
    }
    return JSONValue(members)
  }

  var text: String {
    let width = 18
    var lines = facts.map { name, value in
      "\(name.replacing("_", with: " ").padded(to: width)) \(value.string ?? value.serialized(pretty: value.object != nil))"
    }
    for (name, shape) in tensors {
      lines.append("  \(name)  [\(shape.map { "\($0)" }.joined(separator: ", "))]")
    }
    return lines.joined(separator: "\n")
  }
}
