import Files
import Models
import Training

extension Recipe {
  /// Every key that a recipe may have, in the order of the sections, gathered by reading recipes that choose each of the
  /// registered words once.
  package static let reference: [SettingsKey] = {
    var keys: [SettingsKey] = []
    for document in documents {
      for key in Self.keys(of: document) where !keys.contains(where: { $0.path == key.path }) {
        let head = key.path.split(separator: ".").dropLast().joined(separator: ".")
        let place = keys.lastIndex { $0.path == head || $0.path.hasPrefix(head + ".") }
        keys.insert(key, at: head.isEmpty ? keys.count : place.map { $0 + 1 } ?? keys.count)
      }
    }
    return keys
  }()

  /// A word that a section can choose, and the keys that a recipe has then.
  struct Choice: Sendable {
    /// The section, and the key in it that holds the word.
    let section: String
    let key: String
    let word: String
    let keys: Set<String>
  }

  /// Every word that decides which keys a section has.
  static let choices: [Choice] = choosing.map { section, key, word, document in
    Choice(section: section, key: key, word: word, keys: Set(keys(of: document).map(\.path)))
  }

  private static func keys(of document: JSONValue) -> [SettingsKey] {
    let decoder = SettingsDecoder(source: "", area: .recipe)
    _ = decoder.read(document) { Recipe(from: &$0, name: "NAME") }
    return decoder.keys
  }

  /// Recipes that lead through every declaration.
  private static var documents: [JSONValue] {
    let optional: JSONValue = [
      "tokenizer": ["train": [:], "from": "bytes"], "model": ["from": ""], "adapter": [:],
      "training": ["early_stopping": [:]],
    ]
    return [optional] + choosing.map(\.document)
  }

  private static var choosing: [(section: String, key: String, word: String, document: JSONValue)] {
    var choosing: [(section: String, key: String, word: String, document: JSONValue)] = []
    for architecture in Architectures.all {
      let model: JSONValue = ["architecture": JSONValue(architecture.name), "rope_scaling": [:]]
      choosing.append(("model", "architecture", architecture.name, ["model": model]))
    }
    for objective in Registry.objectives {
      let task = JSONValue(Task(reading: objective.examples).rawValue)
      choosing.append(
        ("objective", "name", objective.name, ["task": task, "objective": named(objective.name)]))
    }
    choosing += Registry.optimizers.map { ("optimizer", "name", $0.name, ["optimizer": named($0.name)]) }
    choosing += Registry.schedules.map { ("schedule", "name", $0.name, ["schedule": named($0.name)]) }
    return choosing
  }

  private static func named(_ name: String) -> JSONValue { ["name": JSONValue(name)] }
}
