import Communication

/// The processes that train a model together, and how they do it.
package struct TrainingRanks {
  package let communicator: any Communicator
  /// Whether each keeps the moments of a part of the weights alone (Rajbhandari et al. 2020, "ZeRO", stage 1).
  package let shardsState: Bool
  /// The numbers that are sent at once.
  package let bucketSize: Int

  package init(_ communicator: any Communicator, shardsState: Bool, bucketSize: Int = BucketLayout.usualSize) {
    (self.communicator, self.shardsState, self.bucketSize) = (communicator, shardsState, bucketSize)
  }

  /// One process.
  package static var solo: TrainingRanks { TrainingRanks(SoloCommunicator(), shardsState: false) }
}
