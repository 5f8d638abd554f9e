/// A noun that a story can give an adjective to.
struct ThingWord: Sendable {
  struct Uses: OptionSet, Sendable {
    let rawValue: Int
    static let toy = Uses(rawValue: 1)
    static let treasure = Uses(rawValue: 2)
    static let clothing = Uses(rawValue: 4)
    static let tool = Uses(rawValue: 8)
    static let food = Uses(rawValue: 16)
    static let baked = Uses(rawValue: 32)
    static let container = Uses(rawValue: 64)
    static let fragile = Uses(rawValue: 128)
    /// Made by hand, from paper, wool or wood.
    static let handmade = Uses(rawValue: 256)
    /// Light enough for the wind.
    static let light = Uses(rawValue: 512)
    /// What one would give as a present.
    static let present = Uses(rawValue: 1024)
  }

  let noun: String
  let uses: Uses
  let looks: [String]
  let isPlural: Bool

  init(_ noun: String, _ uses: Uses, _ looks: [String], isPlural: Bool = false) {
    self.noun = noun
    self.uses = uses
    self.looks = looks
    self.isPlural = isPlural
  }
}

/// A noun that stories count.
struct GoodsWord: Sendable {
  enum Source: Sendable {
    case tree, bush, ground, beach, oven
  }

  let noun: String
  let plural: String
  let source: Source
  let isFood: Bool
}

extension Lexicon {
  static let colours = [
    "red", "blue", "green", "yellow", "white", "black", "brown", "pink", "purple", "orange", "gray", "golden",
  ]
  private static let wooden = ["red", "blue", "green", "yellow", "wooden", "little", "old"]
  private static let shiny = ["shiny", "golden", "silver", "tiny", "blue", "green", "white", "pretty"]
  private static let tasty = ["big", "sweet", "fresh", "warm", "yummy"]
  private static let woolly = ["red", "blue", "green", "yellow", "white", "purple", "orange", "pink", "warm", "soft"]
  private static let plain = ["old", "big", "small", "brown", "wooden", "green", "red", "white"]

  static let things: [ThingWord] = [
    ThingWord("ball", [.toy, .present], ["red", "blue", "green", "yellow", "orange", "purple", "big"]),
    ThingWord("doll", [.toy, .fragile, .handmade, .present], ["pretty", "little", "old", "wooden", "pink"]),
    ThingWord("kite", [.toy, .fragile, .handmade, .light, .present], colours),
    ThingWord("drum", [.toy, .fragile, .present], wooden),
    ThingWord("teddy bear", [.toy, .fragile, .present], ["brown", "white", "soft", "little", "old"]),
    ThingWord("toy car", [.toy, .fragile, .present], wooden),
    ThingWord("toy boat", [.toy, .fragile, .handmade, .present], wooden),
    ThingWord("toy train", [.toy, .fragile, .present], wooden),
    ThingWord("robot", [.toy, .fragile, .present], ["silver", "red", "blue", "shiny", "little"]),
    ThingWord("balloon", [.toy, .light, .present], colours),
    ThingWord("puppet", [.toy, .fragile, .handmade, .present], ["funny", "little", "red", "green", "old"]),
    ThingWord("flute", [.toy, .fragile, .handmade, .present], ["wooden", "silver", "little", "old"]),
    ThingWord("ring", [.treasure, .present], ["golden", "silver", "shiny", "tiny", "pretty"]),
    ThingWord("shell", [.treasure, .present], ["white", "pink", "shiny", "pretty", "big", "tiny"]),
    ThingWord("stone", [.treasure], ["shiny", "smooth", "blue", "green", "white", "black"]),
    ThingWord("feather", [.treasure, .light], ["blue", "white", "green", "golden", "soft", "long"]),
    ThingWord("bell", [.treasure, .present], ["golden", "silver", "little", "shiny"]),
    ThingWord("button", [.treasure], ["red", "blue", "golden", "shiny", "big"]),
    ThingWord("key", [.treasure], ["golden", "silver", "old", "tiny", "shiny"]),
    ThingWord("coin", [.treasure], ["golden", "silver", "shiny", "old"]),
    ThingWord("marble", [.treasure, .toy], ["blue", "green", "red", "shiny", "black"]),
    ThingWord("whistle", [.treasure, .toy, .present], ["silver", "red", "blue", "wooden", "shiny"]),
    ThingWord("necklace", [.treasure, .handmade, .present], shiny),
    ThingWord("flower", [.treasure, .present], ["red", "blue", "yellow", "white", "pink", "purple"]),
    ThingWord("hat", [.clothing, .light, .handmade, .present], woolly),
    ThingWord("scarf", [.clothing, .light, .handmade, .present], woolly),
    ThingWord("cap", [.clothing, .light], colours),
    ThingWord("coat", [.clothing], woolly),
    ThingWord("ribbon", [.clothing, .light, .present], colours),
    ThingWord("mittens", [.clothing, .handmade, .present], woolly, isPlural: true),
    ThingWord("boots", [.clothing], ["red", "blue", "green", "yellow", "black", "brown"], isPlural: true),
    ThingWord("book", [.tool, .present], ["red", "blue", "green", "old", "big", "little"]),
    ThingWord("lamp", [.tool, .fragile, .present], ["little", "old", "golden", "red", "blue"]),
    ThingWord("spoon", [.tool], ["wooden", "silver", "big", "little"]),
    ThingWord("cup", [.tool, .fragile, .present], ["blue", "white", "red", "green", "yellow", "pretty"]),
    ThingWord("umbrella", [.tool, .fragile], colours),
    ThingWord("blanket", [.tool, .handmade, .present], woolly),
    ThingWord("brush", [.tool], ["little", "blue", "red", "wooden", "soft"]),
    ThingWord("shovel", [.tool], ["red", "blue", "green", "yellow", "little", "old"]),
    ThingWord("rope", [.tool], ["long", "old", "strong", "thick"]),
    ThingWord("picture", [.handmade, .present], ["pretty", "big", "little", "funny"]),
    ThingWord("cake", [.food, .baked, .present], ["big", "sweet", "yummy", "warm", "pink"]),
    ThingWord("pie", [.food, .baked, .present], tasty),
    ThingWord("muffin", [.food, .baked], tasty),
    ThingWord("pancake", [.food], tasty),
    ThingWord("loaf of bread", [.food, .baked], ["big", "fresh", "warm", "brown"]),
    ThingWord("sandwich", [.food], ["big", "yummy", "fresh"]),
    ThingWord("carrot", [.food], ["big", "fresh", "orange", "sweet"]),
    ThingWord("apple", [.food], ["red", "green", "yellow", "big", "sweet"]),
    ThingWord("pear", [.food], ["green", "yellow", "big", "sweet"]),
    ThingWord("peach", [.food], ["big", "sweet", "soft", "yellow"]),
    ThingWord("box", [.container], plain),
    ThingWord("basket", [.container], plain),
    ThingWord("bag", [.container], ["old", "big", "small", "brown", "green", "red", "blue"]),
    ThingWord("chest", [.container], ["old", "big", "brown", "wooden", "heavy"]),
    ThingWord("bucket", [.container], ["blue", "red", "green", "old", "yellow"]),
    ThingWord("pot", [.container], ["big", "old", "black", "brown", "blue"]),
    ThingWord("jar", [.container], ["big", "small", "blue", "green", "old"]),
    ThingWord("barrel", [.container], ["big", "old", "brown", "wooden"]),
  ]

  static let goods: [GoodsWord] = [
    GoodsWord(noun: "apple", plural: "apples", source: .tree, isFood: true),
    GoodsWord(noun: "pear", plural: "pears", source: .tree, isFood: true),
    GoodsWord(noun: "plum", plural: "plums", source: .tree, isFood: true),
    GoodsWord(noun: "cherry", plural: "cherries", source: .tree, isFood: true),
    GoodsWord(noun: "peach", plural: "peaches", source: .tree, isFood: true),
    GoodsWord(noun: "nut", plural: "nuts", source: .ground, isFood: true),
    GoodsWord(noun: "mushroom", plural: "mushrooms", source: .ground, isFood: true),
    GoodsWord(noun: "carrot", plural: "carrots", source: .ground, isFood: true),
    GoodsWord(noun: "berry", plural: "berries", source: .bush, isFood: true),
    GoodsWord(noun: "strawberry", plural: "strawberries", source: .bush, isFood: true),
    GoodsWord(noun: "shell", plural: "shells", source: .beach, isFood: false),
    GoodsWord(noun: "stone", plural: "stones", source: .beach, isFood: false),
    GoodsWord(noun: "cookie", plural: "cookies", source: .oven, isFood: true),
    GoodsWord(noun: "muffin", plural: "muffins", source: .oven, isFood: true),
  ]
}
