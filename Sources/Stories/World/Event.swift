/// One thing that happens in a story. The log of a story's events is what its text tells.
public enum Event: Sendable, Equatable {
  /// Somebody is at a place when we first hear of them.
  case appear(Person.ID, Place.ID)
  case go(Person.ID, Place.ID)
  case weather(Weather)

  /// Somebody has a thing of their own from the start.
  case own(Person.ID, Thing.ID)
  /// A thing is in a spot from the start.
  case lie(Thing.ID, Spot)
  /// A container's content, from the start.
  case contain(Thing.ID, in: Thing.ID)
  case want(Person.ID, Thing.ID)
  case make(Person.ID, Thing.ID)
  /// A thing slips away from its holder; the text only says where when it is found.
  case lose(Person.ID, Thing.ID, Spot)
  /// The wind, or an animal, carries a lying or held thing off to a spot.
  case carryOff(Thing.ID, Spot)
  /// Looks in a spot and takes what lies there.
  case find(Person.ID, Thing.ID, Spot)
  /// Takes what is known to be in a spot.
  case pickUp(Person.ID, Thing.ID, Spot)
  /// Looks in a spot for a thing that is not there.
  case look(Person.ID, Thing.ID, Spot)
  case putDown(Person.ID, Thing.ID, Spot)
  case put(Person.ID, Thing.ID, into: Thing.ID)
  case takeOut(Person.ID, Thing.ID, from: Thing.ID)
  /// Looks in a container for a thing that is not there.
  case lookInside(Person.ID, Thing.ID, Thing.ID)
  case give(Person.ID, Thing.ID, to: Person.ID)
  case lend(Person.ID, Thing.ID, to: Person.ID)
  case giveBack(Person.ID, Thing.ID, to: Person.ID)
  /// The first person's thing for the second person's.
  case trade(Person.ID, Thing.ID, with: Person.ID, Thing.ID)
  case eat(Person.ID, Thing.ID)
  /// Uses a thing up: flour for a cake.
  case useUp(Person.ID, Thing.ID)
  case damage(Person.ID, Thing.ID)
  case repair(Person.ID, Thing.ID)

  /// Gets so many goods of a kind.
  case gather(Person.ID, Thing.ID, Int)
  case hand(Person.ID, Thing.ID, Int, to: Person.ID)
  case eatSome(Person.ID, Thing.ID, Int)
  /// Loses so many of the goods.
  case spill(Person.ID, Thing.ID, Int)

  case speak(Person.ID, to: Person.ID?)
  /// Tells where a thing is.
  case reveal(Person.ID, Thing.ID, to: Person.ID)
  case hide(Person.ID, Spot)
  case discover(Person.ID, Person.ID, Spot)
  case win(Person.ID, over: [Person.ID])
  case help(Person.ID, Person.ID)
  case promise(Person.ID, to: Person.ID)
  case keepPromise(Person.ID, to: Person.ID)
  case breakPromise(Person.ID, to: Person.ID)
  case apologise(Person.ID, to: Person.ID)
  case forgive(Person.ID, Person.ID)
  case befriend(Person.ID, Person.ID)
  /// Feels something, because of an earlier event (its index in the log) where the text gives a reason.
  case feel(Person.ID, Feeling, because: Int?)
}
