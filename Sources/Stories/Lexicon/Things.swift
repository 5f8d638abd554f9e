/// A noun that a story can give an adjective to.
struct ThingWord: Sendable {
  enum Use: String, Sendable {
    case toy, treasure, clothing, tool, food, baked, container, fragile
    /// Made by hand, from paper, wool or wood.
    case handmade
    /// Light enough for the wind.
    case light
    /// What one would give as a present.
    case present
  }

  let noun: String
  let uses: Set<Use>
  let looks: [String]
}

/// A noun that stories count.
struct GoodsWord: Sendable {
  enum Source: String, Sendable, CaseIterable {
    case tree, bush, ground, beach
  }

  let noun: String
  let plural: String
  let source: Source
}

extension Lexicon {
  static let colours = [
    "red", "blue", "green", "yellow", "white", "black", "brown", "pink", "purple", "orange", "gray", "golden",
  ]

  /// Noun, uses, adjectives.
  static let things: [ThingWord] = rows(
    """
    ball | toy present | red blue green yellow orange purple big
    doll | toy fragile handmade present | pretty little old wooden pink
    kite | toy fragile handmade light present | red blue green yellow white pink purple orange
    drum | toy fragile present | red blue green yellow wooden little old
    teddy bear | toy present | brown white soft little old
    toy car | toy fragile present | red blue green yellow wooden little
    toy boat | toy fragile handmade present | red blue green yellow wooden little
    toy train | toy fragile present | red blue green yellow wooden little
    robot | toy fragile present | silver red blue shiny little
    balloon | toy light present | red blue green yellow white pink purple orange
    puppet | toy fragile handmade present | funny little red green blue old
    flute | toy fragile handmade present | wooden silver little old
    ring | treasure present | golden silver shiny tiny pretty
    shell | treasure present | white pink shiny pretty big tiny
    feather | treasure light | blue white green golden soft long
    bell | treasure present | golden silver little shiny
    button | treasure | red blue golden shiny big
    coin | treasure | golden silver shiny old
    marble | treasure toy | blue green red shiny black
    whistle | treasure toy present | silver red blue wooden shiny
    necklace | treasure handmade present | shiny golden silver blue green white pretty
    hat | clothing light handmade present | red blue green yellow white purple orange warm
    scarf | clothing light handmade present | red blue green yellow white purple orange pink warm soft
    cap | clothing light | red blue green yellow white black brown orange
    coat | clothing handmade | red blue green yellow white purple brown warm
    ribbon | clothing light present | red blue green yellow white pink purple orange golden
    lamp | tool fragile present | little old golden red blue
    spoon | tool | wooden silver big little
    cup | tool fragile present | blue white red green yellow pretty
    umbrella | tool fragile | red blue green yellow black purple
    blanket | tool handmade present | red blue green yellow white warm soft
    brush | tool | little blue red wooden soft
    shovel | tool | red blue green yellow little old
    cake | food baked present | big sweet yummy warm pink
    pie | food baked present | big sweet fresh warm yummy
    muffin | food baked | big sweet fresh warm yummy
    pancake | food | big sweet warm yummy
    sandwich | food | big yummy fresh
    apple | food | red green yellow big sweet
    pear | food | green yellow big sweet
    peach | food | big sweet soft yellow
    box | container | old big small brown wooden green red white
    basket | container | old big small brown green red
    bag | container | old big small brown green red blue
    chest | container | old big brown wooden heavy
    bucket | container | blue red green old yellow
    jar | container | big small blue green old
    """, separator: " "
  ).map { row in
    ThingWord(
      noun: row[0].joined(separator: " "), uses: Set(row[1].compactMap(ThingWord.Use.init)), looks: row[2])
  }

  /// Noun, plural, where they are found.
  static let goods: [GoodsWord] = rows(
    """
    apple | apples | tree
    pear | pears | tree
    plum | plums | tree
    cherry | cherries | tree
    nut | nuts | ground
    mushroom | mushrooms | ground
    carrot | carrots | ground
    berry | berries | bush
    strawberry | strawberries | bush
    shell | shells | beach
    stone | stones | beach
    """, separator: " "
  ).compactMap { row in
    GoodsWord.Source(rawValue: row[2][0]).map { GoodsWord(noun: row[0][0], plural: row[1][0], source: $0) }
  }

  /// What plots name outright.
  static let otherNouns = [
    "seed", "flower", "tulip", "rose", "egg", "lemon", "coconut", "key", "trunk", "sack", "ladder",
    "rope", "pole",
  ]
  static let otherLooks = ["tiny", "brown", "black", "round", "heavy", "long", "strong", "wooden"]
}
