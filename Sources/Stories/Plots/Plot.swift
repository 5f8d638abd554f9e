/// What a story is about.
public enum Plot: String, Sendable, CaseIterable {
  case lostAndFound, gift, sharing, hideAndSeek, trade, baking, race, storm, promise
  case journey, brokenToy, newFriend, movedThing, planting, lostPet, picnic, treasure, quarrel, helpingHand

  /// Whether it can happen among animals who talk, who have no pets.
  var suitsWoodland: Bool { self != .lostPet }

  func play(_ stage: inout Stage) {
    switch self {
    case .lostAndFound: stage.lostAndFound()
    case .gift: stage.gift()
    case .sharing: stage.sharing()
    case .hideAndSeek: stage.hideAndSeek()
    case .trade: stage.trade()
    case .baking: stage.baking()
    case .race: stage.race()
    case .storm: stage.storm()
    case .promise: stage.promise()
    case .journey: stage.journey()
    case .brokenToy: stage.brokenToy()
    case .newFriend: stage.newFriend()
    case .movedThing: stage.movedThing()
    case .planting: stage.planting()
    case .lostPet: stage.lostPet()
    case .picnic: stage.picnic()
    case .treasure: stage.treasure()
    case .quarrel: stage.quarrel()
    case .helpingHand: stage.helpingHand()
    }
  }
}
