import Files

/// Windows of a token stream, in an order that is a pure function of the seed, the epoch and the index.
///
/// Window i reads the tokens `[iT, iT + T)` and predicts `[iT + 1, iT + T]`, T = `sequenceLength`; what is left at the
/// stream's end is not read. With document boundaries and `documentMask`, positions restart at each document,
/// attention stays within it, and the first token of a document is never a target. A document that a window's edge
/// cuts continues in the next window as if it began there, so positions stay below T. Without `packing` every document
/// begins a window of its own, padded after its end; padding is never trained.
public struct WindowLoader: SampleLoader {
  /// The stream that the windows are cut from.
  public let stream: TokenStream
  /// T, the tokens of a window.
  public let sequenceLength: Int
  public let order: SampleOrder
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
    self.documentMask = documentMask && stream.hasDocuments
    places =
      packing || !stream.hasDocuments
      ? WindowPlaces(tokens: stream.count, sequenceLength: sequenceLength)
      : try WindowPlaces(documentsOf: stream, sequenceLength: sequenceLength)
    guard places.count >= minimum else {
      let needed = minimum == 1 ? "one window" : "one batch of \(minimum) windows"
      throw Failure(
        .data, "the corpus is shorter than \(needed)", at: stream.shards[0].path,
        notes: [
          "\(stream.count) tokens make \(places.count) windows of \(sequenceLength) (and one token to predict)",
          "give more data, or a smaller data.sequence_length or training.batch_size",
        ])
    }
    order = SampleOrder(count: places.count, seed: seed, shuffle: shuffle)
  }

  public var tokenCount: Int { order.count * sequenceLength }
  public var fingerprint: String { stream.fingerprint }
  public var summary: String {
    "\(stream.count) tokens" + (stream.documentCount.map { ", \($0) documents" } ?? "")
  }

  /// T for every window.
  public func length(ofSample sample: Int) -> Int { sequenceLength }

  /// The batch whose rows are the given windows.
  public func batch(samples windows: [Int]) throws(Failure) -> Batch {
    var rows = RowBuilder(rows: windows.count, columns: sequenceLength)
    for window in windows {
      precondition(window >= 0 && window < places.count, "window \(window) of \(places.count)")
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

  public var exampleCount: Int { order.count }

  /// A window and the token after it.
  public func example(_ index: Int) throws(Failure) -> [TrainedTokens] {
    let batch = try batch(samples: [index])
    let last = batch.targets.last.flatMap { $0 >= 0 ? [$0] : nil } ?? []
    let isTrained = [false] + batch.targets.map { $0 >= 0 }
    return [
      TrainedTokens(tokens: batch.tokens + last, isTrained: Array(isTrained.prefix(batch.tokens.count + last.count)))
    ]
  }
}
