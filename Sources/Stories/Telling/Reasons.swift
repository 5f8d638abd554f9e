extension Event {
  /// The clause that gives this event as the reason for what somebody feels, after "because"; nil when it gives none.
  func reason(for person: Person.ID) -> (Frame, Roles)? {
    let told = roles
    let isFirst = told.a == person
    var seen = told
    if !isFirst {
      seen.a = person
      seen.b = told.a
    }
    switch self {
    case .lose where isFirst: return (Reasons.lost, told)
    case .carryOff: return (Reasons.carriedOff, seen)
    case .find where isFirst: return (Reasons.found, told)
    case .find: return (Reasons.othersFound, seen)
    case .give where isFirst: return (Reasons.gave, told)
    case .give(_, _, person): return (Reasons.given, seen)
    case .giveBack(_, _, person): return (Reasons.givenBack, seen)
    case .trade(_, _, person, _):
      seen.x = told.y
      return (Reasons.traded, seen)
    case .trade where isFirst:
      seen.x = told.y
      return (Reasons.traded, seen)
    case .damage where isFirst: return (Reasons.damaged, told)
    case .damage: return (Reasons.othersDamaged, seen)
    case .repair where !isFirst: return (Reasons.repaired, seen)
    case .win where isFirst: return (Reasons.won, told)
    case .win: return (Reasons.lostGame, seen)
    case .help(_, person): return (Reasons.helped, seen)
    case .hand(_, _, _, person): return (Reasons.handed, seen)
    case .spill where isFirst: return (Reasons.spilt, told)
    case .breakPromise where isFirst: return (Reasons.brokePromise, told)
    case .breakPromise: return (Reasons.promiseBroken, seen)
    case .forgive(_, person): return (Reasons.forgiven, seen)
    default: return nil
    }
  }
}

private enum Reasons {
  static let lost: Frame = "{a:he} had lost {a:his} {x:n}."
  static let carriedOff: Frame = "{x:the} {x:was} gone."
  static let found: Frame = "{a:he} had found {x:the}."
  static let othersFound: Frame = "{b:name} had found {x:the}."
  static let gave: Frame = "{a:he} had given {x:the} to {b:him}."
  static let given: Frame = "{b:name} had given {a:him} {x:the}."
  static let givenBack: Frame = "{a:he} had {x:the} back."
  static let traded: Frame = "{a:he} had {x:the} now."
  static let damaged: Frame = "{a:he} had broken {x:the}."
  static let othersDamaged: Frame = "{x:the} {x:was} broken."
  static let repaired: Frame = "{x:the} {x:was} as good as new."
  static let won: Frame = "{a:he} had won."
  static let lostGame: Frame = "{a:he} had not won."
  static let helped: Frame = "{b:name} had helped {a:him}."
  static let handed: Frame = "{b:name} had shared with {a:him}."
  static let spilt: Frame = "{a:he} had dropped so many."
  static let brokePromise: Frame = "{a:he} had broken {a:his} promise."
  static let promiseBroken: Frame = "{b:name} had broken a promise."
  static let forgiven: Frame = "{b:name} was not angry anymore."
}
