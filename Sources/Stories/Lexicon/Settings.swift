/// A region of the world in which a story takes place, and who lives there.
///
/// Each region has its own few people, who meet in all of its stories: whom a name is met with is then a fact of the world,
/// and a model that is too small to look a name up keeps it.
struct Setting: Sendable {
  /// What one can do at a place: be indoors, be under the sky, have a picnic, gather goods of a source.
  enum Use: String, Sendable {
    case indoors, open, green
    case tree, bush, ground, beach
  }

  struct PlaceWord: Sendable {
    let noun: String
    let preposition: String
    let uses: Set<Use>
    let corners: [String]
    let activities: [String]

    /// The goods one can gather there.
    var sources: [GoodsWord.Source] {
      GoodsWord.Source.allCases.filter { source in Use(rawValue: source.rawValue).map(uses.contains) ?? false }
    }
  }

  /// "in a small village"
  let phrases: [String]
  let places: [PlaceWord]
  /// A girl, a boy, and another child.
  let children: [Person]
  /// What the children are to each other.
  let relation: String
  /// Two with a trade, or old animals.
  let adults: [Person]
  /// An animal that does not talk; among animals who talk there is none.
  var pet: Person?

  var isWoodland: Bool { pet == nil }

  static let homeCorners = [
    "under the bed", "behind the door", "on the shelf", "under the table", "next to the stove", "behind the chair",
    "near the window", "in the corner",
  ]

  /// Where something grows at home.
  static let gardenCorners = ["next to the house", "behind the house", "near the gate", "by the wall"]

  static let all = [
    Setting(
      phrases: [
        "in a small village", "in a little house near the park", "in a village by a river", "at the end of a long road",
      ],
      places: places("park", "school", "market", "garden", "playground", "river", "bakery"),
      children: [she("Lily", "girl"), he("Tom", "boy"), she("Anna", "girl")], relation: "friend",
      adults: [she("Rosa", "baker"), he("Otto", "carpenter")], pet: pet(he("Milo", "dog"))),
    Setting(
      phrases: ["in a quiet town", "in a town on a hill", "in a big old town", "in a house with a red roof"],
      places: places("library", "station", "hill", "school", "park", "market", "garden"),
      children: [she("Mia", "girl"), he("Ben", "boy"), he("Max", "boy")], relation: "cousin",
      adults: [she("Martha", "teacher"), he("Hugo", "painter")], pet: pet(she("Daisy", "cat"))),
    Setting(
      phrases: ["on a farm", "on a little farm", "on a farm far away", "near the old mill"],
      places: places("barn", "field", "orchard", "pond", "stable", "well", "mill", "garden"),
      children: [she("Nora", "girl"), he("Sam", "boy"), he("Jack", "boy")], relation: "neighbor",
      adults: [she("Greta", "farmer"), he("Frank", "miller")], pet: pet(he("Chip", "pony"))),
    Setting(
      phrases: ["by the sea", "in a little house near the beach", "on a small island", "in a town by the sea"],
      places: places("beach", "pier", "harbor", "lighthouse", "cave", "hill", "garden"),
      children: [she("Lucy", "girl"), he("Leo", "boy"), she("Emma", "girl")], relation: "friend",
      adults: [she("Vera", "sailor"), he("Carl", "fisherman")], pet: pet(she("Honey", "puppy"))),
    Setting(
      phrases: ["in the forest", "in a green forest", "in a forest full of flowers", "under the tall trees"],
      places: places("meadow", "stream", "cave", "oak", "hill", "pond", "clearing"),
      children: [she("Hazel", "rabbit"), he("Pip", "fox"), he("Bruno", "bear")].map(animal), relation: "friend",
      adults: [she("Fern", "owl"), he("Basil", "turtle")].map(animal)),
    Setting(
      phrases: ["at the edge of the woods", "deep in the woods", "in the quiet woods", "in the old woods"],
      places: places("bridge", "waterfall", "meadow", "stream", "oak", "clearing", "hill"),
      children: [she("Bella", "deer"), he("Rusty", "squirrel"), she("Poppy", "mouse")].map(animal), relation: "friend",
      adults: [she("Tilly", "goose"), he("Gus", "badger")].map(animal)),
  ]

  private static func she(_ name: String, _ kind: String) -> Person { Person(name: name, kind: kind, pronoun: .she) }
  private static func he(_ name: String, _ kind: String) -> Person { Person(name: name, kind: kind, pronoun: .he) }

  private static func animal(_ person: Person) -> Person {
    var person = person
    person.isAnimal = true
    return person
  }

  private static func pet(_ person: Person) -> Person {
    var pet = animal(person)
    pet.speaks = false
    return pet
  }

  /// Everybody there is, besides parents and grandparents.
  static let everybody = all.flatMap { $0.children + $0.adults + ($0.pet.map { [$0] } ?? []) }
  static let childNames = all.filter { !$0.isWoodland }.flatMap { $0.children.map(\.name) }

  private static func places(_ nouns: String...) -> [PlaceWord] {
    nouns.map { noun in
      guard let word = words.first(where: { $0.noun == noun }) else { preconditionFailure("no place is a \(noun)") }
      return word
    }
  }

  /// Noun, preposition, uses, corners, activities.
  static let words: [PlaceWord] = Lexicon.rows(
    """
    park | at | green | under the bench, behind the big tree, near the swings, in the tall grass \
      | fed the birds, played on the swings, ran across the grass
    school | at | indoors | under the desk, behind the door, behind the curtain, next to the window \
      | learned a new song, drew a big picture, counted to one hundred
    library | at | indoors | under the table, behind the shelf, behind the big chair, next to the stairs \
      | looked at the pictures, read a story about a dragon, sat down and read
    market | at | open | under the cart, behind the stall, near the fountain, behind the sacks \
      | looked at the fruit, listened to the music, watched the people
    garden | in | green bush ground tree | among the flowers, under the bush, behind the shed, next to the gate \
      | smelled the flowers, watched the bees, pulled some weeds
    playground | at | open | under the slide, in the sandbox, behind the swings, next to the fence \
      | went down the slide, played in the sand, jumped up and down
    river | by | green | under the bridge, between the rocks, in the mud, behind the log \
      | watched the boats, looked for little fish, splashed in the water
    hill | on | green tree bush | under the tree, behind the rock, behind the bush, at the very top \
      | rolled down the grass, watched the clouds, looked at the houses far below
    bakery | at | indoors | under the table, behind the counter, next to the oven, near the door \
      | smelled the warm bread, looked at all the cakes, listened to the music
    station | at | open | under the bench, behind the sign, next to the clock, on the stairs \
      | watched the trains, counted the people, waved at the trains
    barn | in | indoors | in the hay, behind the door, behind the cow, under the ladder \
      | jumped in the hay, talked to the cow, listened to the hens
    field | in | green ground | in the tall grass, behind the fence, under the bush, next to the gate \
      | chased a butterfly, ran across the grass, looked at the cows
    orchard | in | green tree | under the tree, behind the ladder, next to the wall, in the tall grass \
      | climbed a tree, sat in the shade, listened to the bees
    pond | by | green | between the reeds, behind the log, in the mud, under the leaves \
      | fed the ducks, watched the frogs, splashed in the water
    stable | in | indoors | under the straw, behind the saddle, next to the pony, behind the door \
      | brushed the pony, fed the horses, swept the floor
    well | by | open | behind the well, behind the bush, in the tall grass, next to the wall \
      | drank some cold water, looked down into the well, sat in the sun
    mill | at | indoors | behind the sacks, under the stairs, next to the wheel, behind the door \
      | watched the big wheel, listened to the wheel, helped with the sacks
    beach | on | green beach | under the towel, behind the rock, behind the boat, next to the sandcastle \
      | built a sandcastle, jumped over the waves, looked for crabs
    pier | on | open | under the bench, behind the net, next to the rope, behind the boat \
      | watched the fish, looked at the boats, waved at the ships
    harbor | at | open | behind the boat, under the sail, behind the net, next to the rope \
      | counted the boats, watched the ships, talked to the gulls
    lighthouse | at | indoors | on the stairs, behind the door, behind the wall, near the window \
      | climbed up the stairs, looked at the sea, watched the big light
    cave | in | indoors beach | behind the rock, in the dark, between the rocks, in the corner \
      | listened to the echo, looked for bats, sang a song
    meadow | in | green bush ground | in the tall grass, among the flowers, behind the bush, under the leaves \
      | picked some flowers, chased a butterfly, lay down in the grass
    stream | by | green | between the rocks, under the log, in the mud, behind the reeds \
      | jumped from rock to rock, looked for little fish, splashed in the water
    oak | at | green ground | between the roots, in the hole, behind the tree, under the leaves \
      | climbed up to the first branch, sat in the shade, looked for acorns
    bridge | at | open | under the bridge, next to the path, behind the post, in the tall grass \
      | dropped leaves into the water, watched the fish, ran back and forth
    clearing | in | green bush ground | behind the stump, under the leaves, behind the bush, in the moss \
      | danced around, sang a song, lay down in the sun
    waterfall | at | green | behind the water, on the flat rock, under the branch, behind the rock \
      | splashed in the water, looked at the rainbow, listened to the water
    """, separator: ","
  ).map { row in
    PlaceWord(
      noun: row[0][0], preposition: row[1][0],
      uses: Set(row[2][0].split(separator: " ").compactMap { Use(rawValue: String($0)) }), corners: row[3],
      activities: row[4])
  }
}
