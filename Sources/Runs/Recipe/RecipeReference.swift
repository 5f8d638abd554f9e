import Files
import Models
import Training

extension Recipe {
  /// Every key that a recipe may have, in the order of the sections, gathered by reading recipes that choose each of the
  /// registered words once.
  package static var reference: [SettingsKey] {
    var keys: [SettingsKey] = []
    for document in documents {
      let decoder = SettingsDecoder(source: "", area: .recipe)
      _ = decoder.read(document) { Recipe(from: &$0, name: "NAME") }
      for key in decoder.keys where !keys.contains(where: { $0.path == key.path }) {
        let head = key.path.split(separator: ".").dropLast().joined(separator: ".")
        let place = keys.lastIndex { $0.path == head || $0.path.hasPrefix(head + ".") }
        keys.insert(key, at: head.isEmpty ? keys.count : place.map { $0 + 1 } ?? keys.count)
      }
    }
    return keys
  }

  /// Recipes that lead through every declaration.
  private static var documents: [JSONValue] {
    var documents: [JSONValue] = [["tokenizer": ["train": [:], "from": "bytes"], "model": ["from": ""]]]
    documents += Architectures.all.map { ["model": ["architecture": JSONValue($0.name), "rope_scaling": [:]]] }
    documents += Registry.objectives.map {
      ["task": JSONValue(Task(reading: $0.examples).rawValue), "objective": named($0.name)]
    }
    documents += Registry.optimizers.map { ["optimizer": named($0.name)] }
    documents += Registry.schedules.map { ["schedule": named($0.name)] }
    return documents
  }

  private static func named(_ name: String) -> JSONValue { ["name": JSONValue(name)] }
}
