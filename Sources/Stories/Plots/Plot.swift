/// What a story is about.
public enum Plot: String, Sendable, CaseIterable {
  case lostAndFound, gift, sharing, hideAndSeek

  func play(_ stage: inout Stage) {
    switch self {
    case .lostAndFound: stage.lostAndFound()
    case .gift: stage.gift()
    case .sharing: stage.sharing()
    case .hideAndSeek: stage.hideAndSeek()
    }
  }
}
