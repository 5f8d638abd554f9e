import Files

/// Windows of a token stream, in an order that is a pure function of the seed, the epoch and the index.
///
/// Window i reads the tokens `[iT, iT + T)` and predicts `[iT + 1, iT + T]`, T = `sequenceLength`; what is left at the
/// stream's end is not read, unless `keepsTail`. With document boundaries and `documentMask`, positions restart at each
/// document and attention stays within it. A document's first token is predicted from the end of text before it, which is
/// then the document's position 0; where no such token is, it is not a target. A document that a window's edge cuts
/// continues in the next window as if it began there, so positions stay below T. Without `packing` every document begins a
/// window of its own, padded after its end; padding is never trained. Every other one begins without the end of text before it,
/// as prompts do, unless the tail is kept.
///
/// Of several streams the windows of one follow those of the other; with weights the order mixes them.
public struct WindowLoader: SampleLoader {
  /// T, the tokens of a window.
  public let sequenceLength: Int
  public let order: SampleOrder
  public let fingerprint: String
  private let parts: [Part]

  /// A stream and its windows.
  private struct Part {
    let stream: TokenStream
    let masksDocuments: Bool
    let places: WindowPlaces
    /// The number of its first window.
    let first: Int
  }

  /// How a stream is cut into windows.
  public struct Cutting: Sendable {
    /// Whether several documents share a window.
    public var packing: Bool
    /// Whether attention stays within documents.
    public var documentMask: Bool
    /// Whether the last tokens are read, too, in a window that may be shorter than the others.
    public var keepsTail: Bool

    public init(packing: Bool = true, documentMask: Bool = true, keepsTail: Bool = false) {
      (self.packing, self.documentMask, self.keepsTail) = (packing, documentMask, keepsTail)
    }
  }

  /// A loader over the windows of `stream`; none is an error of the data.
  public init(
    _ stream: TokenStream, sequenceLength: Int, seed: UInt64, shuffle: Bool = true, packing: Bool = true,
    documentMask: Bool = true, keepsTail: Bool = false
  ) throws(Failure) {
    try self.init(
      [stream], sequenceLength: sequenceLength, seed: seed, shuffle: shuffle,
      cutting: Cutting(packing: packing, documentMask: documentMask, keepsTail: keepsTail))
  }

  /// A loader over the windows of several streams; one without any is an error of the data.
  ///
  /// - Parameter weights: the streams' shares of the windows that are read; nil reads every window once an epoch.
  public init(
    _ streams: [TokenStream], weights: [Double]? = nil, sequenceLength: Int, seed: UInt64, shuffle: Bool = true,
    cutting: Cutting
  ) throws(Failure) {
    precondition(sequenceLength > 0, "sequence length \(sequenceLength)")
    self.sequenceLength = sequenceLength
    var parts: [Part] = []
    for stream in streams {
      let places = try Self.places(of: stream, sequenceLength, cutting)
      parts.append(
        Part(
          stream: stream, masksDocuments: cutting.documentMask && stream.hasDocuments, places: places,
          first: parts.last.map { $0.first + $0.places.count } ?? 0))
    }
    self.parts = parts
    let sizes = parts.map(\.places.count)
    order =
      weights.map { SampleOrder(mixing: sizes, weights: $0, seed: seed, shuffle: shuffle) }
      ?? SampleOrder(count: sizes.reduce(0, +), seed: seed, shuffle: shuffle)
    let identities = streams.map(\.fingerprint) + (weights ?? []).map { "\($0)" }
    fingerprint = identities.count == 1 ? identities[0] : Digest.sha256(identities.joined(separator: "\n"))
  }

  private static func places(
    of stream: TokenStream, _ sequenceLength: Int, _ cutting: Cutting
  ) throws(Failure) -> WindowPlaces {
    let keepsTail = cutting.keepsTail
    let places =
      cutting.packing || stream.documentCount == nil
      ? .packed(tokens: stream.count, sequenceLength: sequenceLength, keepsTail: keepsTail)
      : try WindowPlaces(documentsOf: stream, sequenceLength: sequenceLength, isMeasured: keepsTail)
    guard places.count > 0 else {
      let needed = keepsTail || !cutting.packing ? 2 : sequenceLength + 1
      throw Failure(
        .data, "the text is too short", at: stream.origin,
        notes: [
          "\(stream.count.counted("token")) \(stream.count == 1 ? "is" : "are") to be \(keepsTail ? "measured" : "trained"), and \(needed) are needed"
            + (needed > 2 ? ": data.sequence_length (\(sequenceLength)) and one to predict" : ""),
          "give more text" + (needed > 2 ? ", or a smaller data.sequence_length" : ""),
        ])
    }
    return places
  }

  /// The stream that the windows are cut from, the first one where there are several.
  public var stream: TokenStream { parts[0].stream }

  public var tokenCount: Int { parts.reduce(0) { $0 + $1.places.tokenCount } }
  public var summary: String {
    let documents = parts.compactMap(\.stream.documentCount)
    return parts.reduce(0) { $0 + $1.stream.count }.counted("token")
      + (documents.isEmpty ? "" : ", \(documents.reduce(0, +).counted("document"))")
      + (parts.count > 1 ? ", of \(parts.count) sources" : "")
  }

  /// The part that a window is of.
  private func part(_ window: Int) -> Part { parts[parts.partitioningIndex { $0.first > window } - 1] }

  /// The tokens that a window reads, in its stream.
  private func place(_ window: Int) -> Range<Int> {
    let part = part(window)
    return part.places[window - part.first]
  }

  /// T for every window but those that an end cuts short.
  public func length(ofSample sample: Int) -> Int { place(sample).count }

  public func tokenCount(ofSample sample: Int) -> Int { length(ofSample: sample) }

  /// The batch whose rows are the given windows, as wide as the longest of them.
  public func batch(samples windows: [Int]) throws(Failure) -> Batch {
    for window in windows {
      precondition(window >= 0 && window < sampleCount, "window \(window) of \(sampleCount)")
    }
    var rows = RowBuilder(rows: windows.count, columns: windows.map { place($0).count }.max() ?? 0)
    for window in windows {
      let (part, place) = (part(window), place(window))
      let tokens = try part.stream.tokens(place.lowerBound..<place.upperBound + 1)
      var boundaries: [DocumentBoundary] = []
      if part.masksDocuments {
        boundaries = try part.stream.documentBoundaries(after: place.lowerBound, through: place.upperBound)
        for index in boundaries.indices { boundaries[index].place -= place.lowerBound }
      }
      rows.append(tokens, boundaries: boundaries)
    }
    return rows.batch
  }

  public var exampleCount: Int { sampleCount }

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
