/// The words stories are made of.
enum Lexicon {
  static let girls = [
    "Lily", "Mia", "Anna", "Sara", "Emma", "Lucy", "Nora", "Ella", "Zoe", "Molly", "Amy", "Ruby", "Clara", "Grace",
    "Jane", "Kate",
  ]
  static let boys = [
    "Tom", "Ben", "Max", "Sam", "Leo", "Jack", "Tim", "Finn", "Noah", "Oscar", "Adam", "Henry", "Luke", "Theo", "Jake",
    "Peter",
  ]
  static let women = ["Rosa", "Martha", "Helen", "Olga", "June", "Maria"]
  static let men = ["Otto", "Walter", "George", "Frank", "Hugo", "Paul"]
  static let femaleAnimals = [
    "Bella", "Daisy", "Poppy", "Hazel", "Tilly", "Penny", "Luna", "Coco", "Dot", "Fern", "Mimi", "Ivy",
  ]
  static let maleAnimals = [
    "Pip", "Rusty", "Milo", "Bobo", "Bruno", "Otis", "Chip", "Rocky", "Duke", "Barney", "Gus", "Toby",
  ]

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
