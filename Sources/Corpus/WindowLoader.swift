import Files

/// Windows of a token stream, in an order that is a pure function of the seed, the epoch and the index.
///
/// Window i reads the tokens `[iT, iT + T)` and predicts `[iT + 1, iT + T]`, T = `sequenceLength`; what is left at the
/// stream's end is not read, unless `keepsTail`. With document boundaries and `documentMask`, positions restart at each
/// document and attention stays within it. A document's first token is predicted from the end of text before it, which is
/// then the document's position 0; where no such token is, it is not a target. A document that a window's edge cuts
/// continues in the next window as if it began there, so positions stay below T. Without `packing` every document begins a
/// window of its own, padded after its end; padding is never trained.
public struct WindowLoader: SampleLoader {
  /// The stream that the windows are cut from.
  public let stream: TokenStream
  /// T, the tokens of a window.
  public let sequenceLength: Int
  public let order: SampleOrder
  private let documentMask: Bool
  private let places: WindowPlaces

  /// A loader over the windows of `stream`; none is an error of the data.
  ///
  /// - Parameter keepsTail: whether the last tokens are read, too, in a window that may be shorter than the others.
  public init(
    _ stream: TokenStream, sequenceLength: Int, seed: UInt64, shuffle: Bool = true, packing: Bool = true,
    documentMask: Bool = true, keepsTail: Bool = false
  ) throws(Failure) {
    precondition(sequenceLength > 0, "sequence length \(sequenceLength)")
    self.stream = stream
    self.sequenceLength = sequenceLength
    self.documentMask = documentMask && stream.hasDocuments
    places =
      packing || stream.documentCount == nil
      ? .packed(tokens: stream.count, sequenceLength: sequenceLength, keepsTail: keepsTail)
      : try WindowPlaces(documentsOf: stream, sequenceLength: sequenceLength)
    guard places.count > 0 else {
      let needed = keepsTail || !packing ? 2 : sequenceLength + 1
      throw Failure(
        .data, "the text is too short", at: stream.origin,
        notes: [
          "\(stream.count) tokens are to be \(keepsTail ? "measured" : "trained"), and \(needed) are needed"
            + (needed > 2 ? ": data.sequence_length (\(sequenceLength)) and one to predict" : ""),
          "give more text" + (needed > 2 ? ", or a smaller data.sequence_length" : ""),
        ])
    }
    order = SampleOrder(count: places.count, seed: seed, shuffle: shuffle)
  }

  public var tokenCount: Int { places.tokenCount }
  public var fingerprint: String { stream.fingerprint }
  public var summary: String {
    "\(stream.count) tokens" + (stream.documentCount.map { ", \($0) documents" } ?? "")
  }

  /// T for every window but those that an end cuts short.
  public func length(ofSample sample: Int) -> Int { places[sample].count }

  public func tokenCount(ofSample sample: Int) -> Int { length(ofSample: sample) }

  /// The batch whose rows are the given windows, as wide as the longest of them.
  public func batch(samples windows: [Int]) throws(Failure) -> Batch {
    for window in windows {
      precondition(window >= 0 && window < places.count, "window \(window) of \(places.count)")
    }
    var rows = RowBuilder(rows: windows.count, columns: windows.map { places[$0].count }.max() ?? 0)
    for window in windows {
      let place = places[window]
      let tokens = try stream.tokens(place.lowerBound..<place.upperBound + 1)
      var boundaries: [DocumentBoundary] = []
      if documentMask {
        boundaries = try stream.documentBoundaries(after: place.lowerBound, through: place.upperBound)
        for index in boundaries.indices { boundaries[index].place -= place.lowerBound }
      }
      rows.append(tokens, boundaries: boundaries)
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
