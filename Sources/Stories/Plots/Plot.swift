/// What a story is about.
package enum Plot: String, Sendable, CaseIterable {
  case lostAndFound, storm, lostPet, movedThing
  case gift, baking, planting, journey
  case sharing, picnic, newFriend, helpingHand
  case trade, promise, brokenToy, quarrel
  case hideAndSeek, race, treasure

  /// Whether it can happen among animals who talk, who have no pets.
  var suitsWoodland: Bool { self != .lostPet }

  func play(_ stage: inout Stage) {
    switch self {
    case .lostAndFound: stage.lostAndFound()
    case .storm: stage.storm()
    case .lostPet: stage.lostPet()
    case .movedThing: stage.movedThing()
    case .gift: stage.gift()
    case .baking: stage.baking()
    case .planting: stage.planting()
    case .journey: stage.journey()
    case .sharing: stage.sharing()
    case .picnic: stage.picnic()
    case .newFriend: stage.newFriend()
    case .helpingHand: stage.helpingHand()
    case .trade: stage.trade()
    case .promise: stage.promise()
    case .brokenToy: stage.brokenToy()
    case .quarrel: stage.quarrel()
    case .hideAndSeek: stage.hideAndSeek()
    case .race: stage.race()
    case .treasure: stage.treasure()
    }
  }
}
