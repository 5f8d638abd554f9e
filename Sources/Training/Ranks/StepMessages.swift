import Communication
import Files

/// What the ranks tell each other before a step: what its losses are divided by, and the means that they depend on.
struct StepBeginning {
  /// The weight of all samples of the step.
  private(set) var weight = 0.0
  /// All its tokens, supervised or not.
  private(set) var tokens = 0
  /// The micro-batches of the ranks before this one.
  private(set) var partsBefore = 0
  private(set) var shares = Measures()
  private(set) var isCancelled = false

  /// - Parameters:
  ///   - weight: that of this rank's samples; so are the others.
  ///   - shares: of a mean over the step.
  init(
    weight: Double, tokens: Int, parts: Int, shares: Measures, isCancelled: Bool, _ ranks: any Communicator
  ) throws(Failure) {
    if ranks.isSolo {
      (self.weight, self.tokens, self.shares, self.isCancelled) = (weight, tokens, shares, isCancelled)
      return
    }
    var message = Message()
    message.append(weight)
    message.append(tokens)
    message.append(parts)
    message.append(isCancelled ? 1 : 0)
    shares.append(to: &message)
    for (rank, bytes) in try ranks.gather(message.bytes).enumerated() {
      var message = Message(bytes)
      self.weight += message.double()
      self.tokens += message.integer()
      let parts = message.integer()
      if rank < ranks.rank { partsBefore += parts }
      if message.integer() != 0 { self.isCancelled = true }
      self.shares.add(Measures(&message))
    }
  }
}

/// What the ranks tell each other once the gradients are added up.
struct StepOutcome {
  private(set) var measures = Measures()
  /// The sum of the squares of all gradients.
  private(set) var squaredNorm = 0.0
  /// Which parameters have a gradient, on any rank.
  private(set) var hasGradient: [Bool]
  private(set) var isCancelled = false

  /// - Parameters:
  ///   - squaredNorm: that of this rank's pieces.
  ///   - hasGradient: for each parameter whether a loss of this rank depended on it.
  init(
    measures: Measures, squaredNorm: Double, hasGradient: [Bool], isCancelled: Bool, _ ranks: any Communicator
  ) throws(Failure) {
    self.hasGradient = hasGradient
    var message = Message()
    message.append(squaredNorm)
    message.append(isCancelled ? 1 : 0)
    message.append(hasGradient)
    measures.append(to: &message)
    for bytes in try ranks.gather(message.bytes) {
      var message = Message(bytes)
      self.squaredNorm += message.double()
      if message.integer() != 0 { self.isCancelled = true }
      for (index, flag) in message.flags(hasGradient.count).enumerated() where flag { self.hasGradient[index] = true }
      self.measures.add(Measures(&message))
    }
  }
}
