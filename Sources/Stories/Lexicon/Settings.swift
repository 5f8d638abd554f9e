/// A region of the world in which a story takes place.
struct Setting: Sendable {
  enum Ground: Sendable {
    case indoors
    /// Under the sky.
    case open
    /// Under the sky, and good for a picnic.
    case green
  }

  struct PlaceWord: Sendable {
    let noun: String
    let preposition: String
    let ground: Ground
    /// Where things lie.
    let spots: [String]
    /// Where people hide.
    let hideouts: [String]
    /// The goods one can gather there.
    let sources: [GoodsWord.Source]
    /// What one does there: "fed the ducks".
    let activities: [String]

    init(
      _ noun: String, _ preposition: String, _ ground: Ground, _ spots: [String],
      hide hideouts: [String], do activities: [String],
      gather sources: [GoodsWord.Source] = []
    ) {
      self.hideouts = hideouts
      self.ground = ground
      self.activities = activities
      self.noun = noun
      self.preposition = preposition
      self.spots = spots
      self.sources = sources
    }
  }

  /// "in a small village"
  let phrases: [String]
  let places: [PlaceWord]
  /// Whether its people are animals who talk.
  let isWoodland: Bool
  let workers: [String]

  static let homeSpots = [
    "under the bed", "behind the door", "on the shelf", "under the table", "next to the stove", "behind the chair",
    "under the rug", "on the windowsill",
  ]

  /// Where a big thing stands at home.
  static let homeCorners = [
    "next to the bed", "by the door", "under the table", "near the window", "in the corner", "under the bed",
    "next to the chair",
  ]

  static let village = Setting(
    phrases: ["in a small village", "in a quiet town", "in a little house near the park"],
    places: [
      PlaceWord(
        "park", "at", .green, ["under the bench", "behind a big tree", "near the swings", "in the tall grass"],
        hide: ["behind a big tree", "under the bench", "in the tall grass", "behind a bush"],
        do: ["fed the birds", "played on the swings", "ran across the grass"]),
      PlaceWord(
        "school", "at", .indoors, ["under a desk", "behind the door", "on a chair", "next to the window"],
        hide: ["under a desk", "behind the door", "behind a curtain"],
        do: ["learned a new song", "drew a big picture", "counted to one hundred"]),
      PlaceWord(
        "library", "at", .indoors, ["under a table", "between two books", "behind a shelf", "on a chair"],
        hide: ["behind a shelf", "under a table", "behind a big chair"],
        do: ["looked at the pictures in a book", "read a story about a dragon", "sat in a big chair and read"]),
      PlaceWord(
        "market", "at", .open, ["under a cart", "behind a barrel", "next to a stall", "near the fountain"],
        hide: ["behind a barrel", "under a cart", "behind a stall"],
        do: ["looked at the fruit and the fish", "listened to the music", "watched the people"]),
      PlaceWord(
        "garden", "in", .green, ["among the flowers", "under a bush", "behind the shed", "next to the gate"],
        hide: ["behind the shed", "under a bush", "behind the gate"],
        do: ["smelled the flowers", "watched the bees", "pulled some weeds"],
        gather: [.bush, .ground, .tree]),
      PlaceWord(
        "playground", "at", .open, ["under the slide", "in the sandbox", "behind the swings", "next to the fence"],
        hide: ["under the slide", "behind the fence", "behind a tree"],
        do: ["went down the slide", "played in the sand", "jumped up and down"]),
      PlaceWord(
        "river", "by", .green, ["under the bridge", "between two rocks", "in the mud", "behind a log"],
        hide: ["under the bridge", "behind a log", "behind a big rock"],
        do: ["threw stones into the water", "watched the boats", "looked for little fish"]),
      PlaceWord(
        "hill", "on", .green, ["under a tree", "behind a rock", "in a bush", "at the very top"],
        hide: ["behind a rock", "in a bush", "behind a tree"],
        do: ["rolled down the grass", "watched the clouds", "looked at the houses far below"], gather: [.tree, .bush]),
      PlaceWord(
        "bakery", "at", .indoors, ["under the table", "behind the counter", "next to the oven", "near the door"],
        hide: ["behind the counter", "under the table", "behind the door"],
        do: ["smelled the warm bread", "watched the baker", "looked at all the cakes"]),
      PlaceWord(
        "train station", "at", .open, ["under a bench", "behind a sign", "next to the clock", "on a seat"],
        hide: ["behind a sign", "under a bench", "behind the clock"],
        do: ["watched the trains", "counted the people", "waved at the trains"]),
    ],
    isWoodland: false, workers: ["baker", "teacher", "gardener", "painter", "shopkeeper", "carpenter"])

  static let farm = Setting(
    phrases: ["on a farm", "on a little farm", "near a big farm"],
    places: [
      PlaceWord(
        "barn", "in", .indoors, ["in the hay", "behind the door", "under a bucket", "next to the cow"],
        hide: ["in the hay", "behind the door", "behind the cow"],
        do: ["jumped in the hay", "talked to the cow", "listened to the hens"]),
      PlaceWord(
        "field", "in", .green, ["in the tall grass", "behind a fence", "next to a stone", "under a bush"],
        hide: ["in the tall grass", "behind a fence", "under a bush"],
        do: ["chased a butterfly", "ran through the tall grass", "looked at the cows"], gather: [.ground]),
      PlaceWord(
        "orchard", "in", .green, ["under a tree", "behind a ladder", "in a wheelbarrow", "next to the wall"],
        hide: ["behind a tree", "behind the wall", "in a wheelbarrow"],
        do: ["climbed a tree", "sat in the shade", "listened to the bees"], gather: [.tree]),
      PlaceWord(
        "pond", "by", .green, ["under a leaf", "between the reeds", "behind a log", "in the mud"],
        hide: ["behind a log", "in the reeds", "behind a tree"],
        do: ["fed the ducks", "watched the frogs", "threw stones into the water"]),
      PlaceWord(
        "stable", "in", .indoors, ["under the straw", "behind a saddle", "next to the pony", "on a hook"],
        hide: ["under the straw", "behind the pony", "behind the door"],
        do: ["brushed the pony", "fed the horses", "swept the floor"]),
      PlaceWord(
        "well", "by", .open, ["behind the well", "under a bucket", "next to a stone", "in the grass"],
        hide: ["behind the well", "behind a bush", "in the tall grass"],
        do: ["drank some cold water", "looked down into the well", "sat in the sun"]),
      PlaceWord(
        "garden", "in", .green, ["among the beans", "under a bush", "behind the shed", "next to the gate"],
        hide: ["behind the shed", "under a bush", "behind the gate"],
        do: ["smelled the flowers", "watched the bees", "pulled some weeds"], gather: [.bush, .ground]),
      PlaceWord(
        "mill", "at", .indoors, ["behind a sack", "under the stairs", "next to the wheel", "on a bench"],
        hide: ["behind a sack", "under the stairs", "behind the wheel"],
        do: ["watched the big wheel", "listened to the wheel turn", "helped with the sacks"]),
      PlaceWord(
        "market", "at", .open, ["under a cart", "behind a barrel", "next to a stall", "near the fountain"],
        hide: ["behind a barrel", "under a cart", "behind a stall"],
        do: ["looked at the fruit and the fish", "listened to the music", "watched the people"]),
    ],
    isWoodland: false, workers: ["farmer", "miller", "gardener", "shepherd", "carpenter"])

  static let seaside = Setting(
    phrases: ["by the sea", "in a small town by the sea", "in a little house near the beach"],
    places: [
      PlaceWord(
        "beach", "on", .green, ["under the sand", "behind a rock", "next to a sandcastle", "under a towel"],
        hide: ["behind a rock", "behind a boat", "behind a big sandcastle"],
        do: ["built a sandcastle", "jumped over the waves", "looked for crabs"],
        gather: [.beach]),
      PlaceWord(
        "pier", "on", .open, ["under a bench", "behind a barrel", "next to a rope", "in a net"],
        hide: ["behind a barrel", "under a bench", "behind a net"],
        do: ["watched the fish", "looked at the boats", "waved at the ships"]),
      PlaceWord(
        "harbor", "at", .open, ["behind a boat", "under a sail", "next to an anchor", "in a net"],
        hide: ["behind a boat", "under a sail", "behind some boxes"],
        do: ["counted the boats", "watched the ships", "talked to the gulls"]),
      PlaceWord(
        "lighthouse", "at", .indoors, ["on the stairs", "behind the door", "next to the lamp", "under a window"],
        hide: ["under the stairs", "behind the door", "behind the wall"],
        do: ["climbed up the stairs", "looked at the sea", "watched the big light"]),
      PlaceWord(
        "cave", "in", .indoors, ["behind a rock", "in a dark corner", "under a stone", "in a puddle"],
        hide: ["behind a rock", "in a dark corner", "behind a big stone"],
        do: ["listened to the echo", "looked for bats", "shouted to hear the echo"], gather: [.beach]),
      PlaceWord(
        "market", "at", .open, ["under a cart", "behind a barrel", "next to a stall", "near the fountain"],
        hide: ["behind a barrel", "under a cart", "behind a stall"],
        do: ["looked at the fruit and the fish", "listened to the music", "watched the people"]),
      PlaceWord(
        "park", "at", .green, ["under the bench", "behind a big tree", "near the swings", "in the tall grass"],
        hide: ["behind a big tree", "under the bench", "in the tall grass", "behind a bush"],
        do: ["fed the birds", "played on the swings", "ran across the grass"]),
      PlaceWord(
        "garden", "in", .green, ["among the flowers", "under a bush", "behind the shed", "next to the gate"],
        hide: ["behind the shed", "under a bush", "behind the gate"],
        do: ["smelled the flowers", "watched the bees", "pulled some weeds"], gather: [.bush, .ground, .tree]),
      PlaceWord(
        "hill", "on", .green, ["under a tree", "behind a rock", "in a bush", "at the very top"],
        hide: ["behind a rock", "in a bush", "behind a tree"],
        do: ["rolled down the grass", "watched the clouds", "looked at the houses far below"], gather: [.tree, .bush]),
    ],
    isWoodland: false, workers: ["fisherman", "sailor", "baker", "painter", "shopkeeper"])

  static let forest = Setting(
    phrases: ["in the forest", "in a green forest", "at the edge of the woods", "deep in the woods"],
    places: [
      PlaceWord(
        "meadow", "in", .green, ["in the tall grass", "among the flowers", "behind a stone", "under a leaf"],
        hide: ["in the tall grass", "behind a stone", "behind a bush"],
        do: ["picked some flowers", "chased a butterfly", "lay down in the grass"], gather: [.bush, .ground]),
      PlaceWord(
        "stream", "by", .green, ["between two rocks", "under a log", "in the mud", "behind the reeds"],
        hide: ["behind the reeds", "behind a rock", "behind a log"],
        do: ["jumped from rock to rock", "watched the little fish", "splashed in the water"]),
      PlaceWord(
        "cave", "in", .indoors, ["behind a rock", "in a dark corner", "under a stone", "in a puddle"],
        hide: ["behind a rock", "in a dark corner", "behind a big stone"],
        do: ["listened to the echo", "looked for bats", "shouted to hear the echo"]),
      PlaceWord(
        "old oak", "at", .green, ["between the roots", "in a hole", "behind the tree", "under the leaves"],
        hide: ["behind the tree", "between the roots", "under the leaves"],
        do: ["climbed up to the first branch", "sat in the shade", "looked for acorns"], gather: [.ground]),
      PlaceWord(
        "hill", "on", .green, ["under a tree", "behind a rock", "in a bush", "at the very top"],
        hide: ["behind a rock", "in a bush", "behind a tree"],
        do: ["rolled down the grass", "watched the clouds", "looked at the houses far below"], gather: [.tree, .bush]),
      PlaceWord(
        "pond", "by", .green, ["under a leaf", "between the reeds", "behind a log", "in the mud"],
        hide: ["behind a log", "in the reeds", "behind a tree"],
        do: ["fed the ducks", "watched the frogs", "threw stones into the water"]),
      PlaceWord(
        "bridge", "at", .open, ["under the bridge", "next to the path", "behind a post", "in the grass"],
        hide: ["under the bridge", "behind a post", "in the tall grass"],
        do: ["dropped leaves into the water", "watched the water go by", "ran back and forth"]),
      PlaceWord(
        "clearing", "in", .green, ["on a stump", "under a mushroom", "behind a bush", "in the moss"],
        hide: ["behind a bush", "behind a stump", "in the moss"],
        do: ["danced around", "sang a song", "lay down in the sun"], gather: [.ground, .bush]),
      PlaceWord(
        "waterfall", "at", .green, ["behind the water", "on a flat rock", "under a branch", "next to a fern"],
        hide: ["behind the water", "under a branch", "behind a rock"],
        do: ["splashed in the water", "looked at the rainbow", "listened to the water"]),
    ],
    isWoodland: true, workers: [])

  static let all = [village, village, farm, seaside, forest, forest]
}
