import Autograd
import Communication
import Files
import Kernels

/// Adds up the gradients of all ranks, and lets all have what one has computed from its sums.
///
/// A bucket leaves as soon as the gradients in it are complete, always in the same order, while the backward pass goes on. Sums
/// are added in the order of ranks by this program, so that their bits depend on nothing that MPI decides.
package final class GradientExchange {
  private let layout: BucketLayout
  private let ranks: any Communicator
  /// How many of a bucket's parameters are not complete.
  private var incomplete: [Int]
  /// The buckets that hold numbers of each parameter.
  private let bucketsOfParameter: [[Int]]
  private var started = 0
  /// Which parameters the losses of this rank depended on in this step.
  private(set) var hasGradient: [Bool]
  private var pending: [Pending] = []
  private var failure: Failure?
  /// So many buckets are on their way at a time: they take memory.
  package static let most = 8

  /// A bucket on its way.
  private struct Pending {
    let bucket: Int
    let transfer: any Transfer
    let received: Storage
  }

  init(_ layout: BucketLayout, parameters: Int, _ ranks: any Communicator) {
    (self.layout, self.ranks) = (layout, ranks)
    var buckets = [[Int]](repeating: [], count: parameters)
    for (index, bucket) in layout.buckets.enumerated() {
      for run in bucket.runs { buckets[run.parameter].append(index) }
    }
    bucketsOfParameter = buckets
    incomplete = []
    hasGradient = [Bool](repeating: false, count: parameters)
  }

  // MARK: Sums

  /// Watches the backward pass of a step's last micro-batch.
  func watch(_ gradients: Gradients) -> BackwardWatch {
    incomplete = layout.buckets.map(\.runs.count)
    return BackwardWatch { [self] parameter in
      for bucket in bucketsOfParameter[parameter] { incomplete[bucket] -= 1 }
      attempt { () throws(Failure) in try start(gradients) { incomplete[$0] == 0 } }
    } passed: { [self] in
      attempt { () throws(Failure) in try settle(gradients, waiting: false) }
    }
  }

  /// Sends what has not left, and waits until the sums of this rank's pieces stand in its gradients.
  func finish(_ gradients: Gradients) throws(Failure) {
    if let failure { throw failure }
    try start(gradients) { _ in true }
    try settle(gradients, waiting: true)
    started = 0
  }

  /// A backward pass cannot throw.
  private func attempt(_ body: () throws(Failure) -> Void) {
    guard failure == nil else { return }
    do throws(Failure) { try body() } catch { failure = error }
  }

  private func start(_ gradients: Gradients, where isReady: (Int) -> Bool) throws(Failure) {
    while started < layout.buckets.count, isReady(started) {
      while pending.count >= Self.most { try settleFirst(gradients) }
      let bucket = layout.buckets[started]
      // Sums that arrive take the place of gradients, and are there where none was.
      for run in bucket.runs where run.range.lowerBound == 0 {
        hasGradient[run.parameter] = gradients[gradients.parameters[run.parameter]] != nil
      }
      let packed = Storage(count: bucket.count)
      pack(bucket.runs, packed.mutableBuffer) { gradients[gradients.parameters[$0]]?.buffer }
      let own = bucket.pieces[ranks.rank]
      let received = Storage(count: max(1, own * ranks.count))
      let transfer = try ranks.exchange(
        packed.buffer, counts: bucket.pieces, into: received.mutableBuffer[0..<own * ranks.count],
        receivedCounts: [Int](repeating: own, count: ranks.count))
      pending.append(Pending(bucket: started, transfer: transfer, received: received))
      started += 1
    }
  }

  private func settle(_ gradients: Gradients, waiting: Bool) throws(Failure) {
    while let first = pending.first {
      if !waiting, try !ranks.isDone(first.transfer) { return }
      try settleFirst(gradients)
    }
  }

  /// Adds up what has arrived of the bucket that was sent first.
  private func settleFirst(_ gradients: Gradients) throws(Failure) {
    let first = pending[0]
    try ranks.wait(for: first.transfer)
    pending.removeFirst()
    let bucket = layout.buckets[first.bucket]
    let own = bucket.pieces[ranks.rank]
    if own == 0 { return }
    let rows = first.received.mutableBuffer[0..<own * ranks.count]
    sumRows(rows, count: ranks.count)
    unpack(rows.readOnly[0..<own], bucket.runs(in: bucket.piece(of: ranks.rank))) { gradients.mutableBuffer(of: $0) }
  }

  // MARK: Everything for everybody

  /// Sends this rank's pieces of numbers to all ranks, and takes theirs.
  ///
  /// - Parameter buffer: the numbers of a parameter.
  func spread(_ buffer: (Int) -> MutableBuffer) throws(Failure) {
    var pending: [(bucket: Int, transfer: any Transfer, all: Storage)] = []
    func settle() throws(Failure) {
      let (index, transfer, all) = pending.removeFirst()
      try ranks.wait(for: transfer)
      let bucket = layout.buckets[index]
      for rank in 0..<ranks.count where rank != ranks.rank {
        let piece = bucket.piece(of: rank)
        if !piece.isEmpty { unpack(all.buffer[piece], bucket.runs(in: piece), buffer) }
      }
    }
    for (index, bucket) in layout.buckets.enumerated() {
      if pending.count >= Self.most { try settle() }
      let piece = bucket.piece(of: ranks.rank)
      let (own, all) = (Storage(count: max(1, piece.count)), Storage(count: bucket.count))
      pack(bucket.runs(in: piece), own.mutableBuffer) { buffer($0).readOnly }
      let transfer = try ranks.gather(
        own.buffer[0..<piece.count], into: all.mutableBuffer, counts: bucket.pieces)
      pending.append((index, transfer, all))
    }
    while !pending.isEmpty { try settle() }
  }

  // MARK: Packing

  /// Copies runs of parameters side by side; zeros where there is nothing.
  private func pack(_ runs: [BucketLayout.Run], _ out: MutableBuffer, _ buffer: (Int) -> Buffer?) {
    var start = 0
    for run in runs {
      let target = out[start..<start + run.range.count]
      if let source = buffer(run.parameter) { copy(target, source[run.range]) } else { fill(target, 0) }
      start += run.range.count
    }
  }

  private func unpack(_ packed: Buffer, _ runs: [BucketLayout.Run], _ buffer: (Int) -> MutableBuffer) {
    var start = 0
    for run in runs {
      copy(buffer(run.parameter)[run.range], packed[start..<start + run.range.count])
      start += run.range.count
    }
  }
}
