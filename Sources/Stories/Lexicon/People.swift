/// The words stories are made of.
enum Lexicon {
  static let childTraits = [
    "kind", "brave", "shy", "clever", "cheerful", "gentle", "funny", "quiet", "curious", "playful", "young", "lively",
    "merry", "careful", "friendly", "polite", "little", "honest", "bold",
  ]
  static let workerTraits = ["kind", "friendly", "busy", "cheerful", "strong"]
  static let petTraits = ["small", "fluffy", "playful", "lazy", "fast"]

  static let animalKinds = [
    "rabbit", "fox", "bear", "mouse", "squirrel", "hedgehog", "deer", "dog", "cat", "puppy", "pony", "owl", "turtle",
    "badger", "goose",
  ]

  /// Work that a child can help with: "helped Otto carry the boxes".
  static let chores = [
    "sweep the floor", "wash the windows", "pull the weeds", "stack the wood", "clean the pots", "water the plants",
    "move the chairs", "fill the sacks", "paint the fence", "pick up the leaves", "hang up the wash",
  ]

  private static let numbers = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
  ]

  static func number(_ number: Int) -> String {
    precondition(numbers.indices.contains(number), "no word for the number \(number)")
    return numbers[number]
  }

  /// The rows of a table whose columns are separated by "|", each cut into its entries by `separator`.
  static func rows(_ table: String, separator: Character) -> [[[String]]] {
    table.split(separator: "\n").map { line in
      line.split(separator: "|").map { column in
        column.split(separator: separator).map { $0.split(separator: " ").joined(separator: " ") }
      }
    }
  }
}
