extension Lexicon {
  /// Work that a child can help with: "helped Otto carry the boxes".
  static let chores = [
    "carry the boxes", "sweep the floor", "wash the windows", "pull the weeds", "stack the wood", "clean the pots",
    "water the plants", "move the chairs", "fill the sacks", "paint the fence", "pick up the leaves",
    "hang up the wash",
  ]
}
