/// The words stories are made of.
enum Lexicon {
  // Few names, used often: a small model learns to keep a story's people apart only when each occurs in very many stories.
  static let girls = ["Lily", "Mia", "Anna", "Lucy", "Nora"]
  static let boys = ["Tom", "Ben", "Max", "Sam", "Leo"]
  static let women = ["Rosa", "Martha"]
  static let men = ["Otto", "Hugo"]
  static let femaleAnimals = ["Bella", "Daisy", "Poppy", "Hazel"]
  static let maleAnimals = ["Pip", "Rusty", "Milo", "Bruno"]

  static let childTraits = [
    "little", "kind", "brave", "shy", "clever", "cheerful", "gentle", "funny", "quiet", "curious", "playful", "young",
  ]
  static let workerTraits = ["kind", "friendly", "busy", "cheerful", "strong", "gentle"]
  static let elderTraits = ["old", "wise old", "kind old", "gentle old"]
  static let petTraits = ["small", "little", "fluffy", "playful", "lazy", "fast"]

  static let woodlandKinds = [
    "rabbit", "fox", "bear", "mouse", "squirrel", "hedgehog", "frog", "duck", "beaver", "deer", "raccoon", "cat",
  ]
  static let elderKinds = ["owl", "turtle", "badger", "goat", "goose"]
  static let petKinds = ["dog", "cat", "puppy", "kitten", "rabbit", "pony"]

  private static let numbers = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
  ]

  static func numberWord(_ number: Int) -> String {
    precondition(numbers.indices.contains(number), "no word for the number \(number)")
    return numbers[number]
  }
}
