import Files

/// Windows of a token stream, in an order that is a pure function of the seed, the epoch and the place.
///
/// Window i reads the tokens `[iT, iT + T)` and predicts `[iT + 1, iT + T]`, T = `sequenceLength`; what is left at the
/// stream's end is not read. With document boundaries and `documentMask`, positions restart at each document,
/// attention stays within it, and the first token of a document is nobody's target. A document that a window's edge
/// cuts goes on in the next window as if it began there, so positions stay below T. Without `packing` every document
/// begins a window of its own; the places behind its end are filled up and never trained.
///
/// Samples are numbered through all epochs: sample s is place `s % windowCount` of epoch `s / windowCount`. A batch may
/// reach over an epoch's end. The number of samples consumed is therefore all that a resumed run has to know.
public struct WindowLoader: Sendable {
  /// The stream that the windows are cut from.
  public let stream: TokenStream
  /// T, the tokens of a window.
  public let sequenceLength: Int
  /// The number of windows, which is the number of samples of an epoch.
  public let windowCount: Int
  private let seed: UInt64
  private let shuffle: Bool
  private let documentMask: Bool
  private let places: WindowPlaces

  /// A loader over the whole windows of `stream`; fewer than `minimum` windows are an error of the data.
  public init(
    _ stream: TokenStream, sequenceLength: Int, seed: UInt64, shuffle: Bool = true, packing: Bool = true,
    documentMask: Bool = true, minimum: Int = 1
  ) throws(Failure) {
    precondition(sequenceLength > 0 && minimum > 0, "sequence length \(sequenceLength), at least \(minimum) windows")
    self.stream = stream
    self.sequenceLength = sequenceLength
    self.seed = seed
    self.shuffle = shuffle
    self.documentMask = documentMask && stream.hasDocuments
    places =
      packing || !stream.hasDocuments
      ? WindowPlaces(tokens: stream.count, sequenceLength: sequenceLength)
      : try WindowPlaces(documentsOf: stream, sequenceLength: sequenceLength)
    windowCount = places.count
    guard windowCount >= minimum else {
      let needed = minimum == 1 ? "one window" : "one batch of \(minimum) windows"
      throw Failure(
        .data, "the corpus is shorter than \(needed)", at: stream.shards[0].path,
        notes: [
          "\(stream.count) tokens make \(windowCount) windows of \(sequenceLength) (and one token to predict)",
          "give more data, or a smaller data.sequence_length or training.batch_size",
        ])
    }
  }

  /// The epoch that a sample belongs to, from 0.
  public func epoch(ofSample sample: Int) -> Int { sample / windowCount }

  /// The window that a sample reads.
  public func window(ofSample sample: Int) -> Int {
    windows(ofSamples: sample..<sample + 1)[0]
  }

  /// The batch of the samples `sample ..< sample + rows`.
  public func batch(startingAt sample: Int, rows: Int) throws(Failure) -> Batch {
    try batch(windows: windows(ofSamples: sample..<sample + rows))
  }

  /// The batch whose rows are the given windows.
  public func batch(windows: [Int]) throws(Failure) -> Batch {
    var rows = RowBuilder(rows: windows.count, columns: sequenceLength)
    for window in windows {
      precondition(window >= 0 && window < windowCount, "window \(window) of \(windowCount)")
      let place = places[window]
      let tokens = try stream.tokens(place.lowerBound..<place.upperBound + 1)
      var ends: [Int] = []
      if documentMask {
        ends = try stream.documentEnds(after: place.lowerBound, through: place.upperBound)
          .map { $0 - place.lowerBound }
      }
      rows.append(tokens, documentEnds: ends)
    }
    return rows.batch
  }

  /// At most `count` windows spread evenly over the stream, the same ones at every call.
  public func evaluationWindows(_ count: Int) -> [Int] {
    let count = min(max(0, count), windowCount)
    return (0..<count).map { place in
      let (high, low) = place.multipliedFullWidth(by: windowCount)
      return count.dividingFullWidth((high, low)).quotient
    }
  }

  private func windows(ofSamples samples: Range<Int>) -> [Int] {
    precondition(samples.lowerBound >= 0, "sample \(samples.lowerBound)")
    guard shuffle else { return samples.map { $0 % windowCount } }
    var order = Permutation(count: windowCount, seed: seed, epoch: epoch(ofSample: samples.lowerBound))
    return samples.map { sample in
      let place = sample % windowCount
      if place == 0 { order = Permutation(count: windowCount, seed: seed, epoch: epoch(ofSample: sample)) }
      return order[place]
    }
  }
}
