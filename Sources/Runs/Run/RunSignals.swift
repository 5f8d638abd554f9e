import Communication
import Files

/// What signals have asked of a run. Several ranks agree on it between steps: one that has had a signal stops no sooner than
/// the others.
struct RunSignals {
  private let ranks: any Communicator
  private var agreed: Int32?
  private var isSaveWanted = false

  init(_ ranks: any Communicator) { self.ranks = ranks }

  /// Whether the run is known to be stopping.
  var wasStopped: Bool { ranks.isSolo ? StopRequest.signal != nil : agreed != nil }

  /// Whether a signal has asked any rank to stop; all ranks ask together, once a step.
  mutating func isStopping() throws(Failure) -> Bool {
    if ranks.isSolo || agreed != nil { return wasStopped }
    var message = Message()
    message.append(Int(StopRequest.signal ?? 0))
    message.append(StopRequest.takeSave() ? 1 : 0)
    for bytes in try ranks.gather(message.bytes) {
      var message = Message(bytes)
      let signal = message.integer()
      if signal > 0, agreed == nil { agreed = Int32(signal) }
      if message.integer() != 0 { isSaveWanted = true }
    }
    if let agreed { StopRequest.adopt(signal: agreed) }
    return wasStopped
  }

  /// Whether a save was asked for since the last call: of any rank, before this step.
  mutating func takeSave() -> Bool {
    if ranks.isSolo { return StopRequest.takeSave() }
    defer { isSaveWanted = false }
    return isSaveWanted
  }
}

/// A rank's part of the samples of each step.
struct RankShare: Sendable {
  private let rank: Int
  private let count: Int

  init(_ ranks: any Communicator) { (rank, count) = (ranks.rank, ranks.count) }

  func slice(of range: Range<Int>) -> Range<Int> { range.slice(rank, of: count) }
}
