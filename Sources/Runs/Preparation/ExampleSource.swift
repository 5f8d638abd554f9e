import Corpus
import Files
import Models
import Tokenizers
import Training

/// Files, and how they become samples of the kind that an objective reads: the one way in, for training and evaluation.
struct ExampleSource {
  let objective: any Objective
  let data: Recipe.Data
  /// Of the order of the samples.
  let seed: UInt64
  /// Tokens a row at most.
  let sequenceLength: Int
  let text: TextFormat
  /// The model that reads them.
  let configuration: any ModelConfiguration
  /// Whether the samples are only measured: every token is then in one, also those that do not fill a window.
  var isMeasured = false

  /// Opens the files; what is missing is prepared first.
  func open(note: (String) -> Void) throws(Failure) -> TrainingData {
    switch type(of: objective).examples {
    case .windows:
      try windows(note)
    case .conversations:
      try rows(InstructionData.self, note) { rows, shuffle, mixture in
        let usual: TextReading = objective.conversations.sharesBeginnings ? .shared : .apart
        let isWhole = readsWhole(upTo: rows.examples.lengths.max() ?? 0)
        return ExampleLoader(
          rows.examples, digest: rows.digest, sequenceLength: sequenceLength, seed: seed, shuffle: shuffle,
          packing: data.packing, reading: isWhole ? .whole : usual, mixture: mixture)
      }
    case .pairs:
      try rows(PreferenceData.self, note) { rows, shuffle, mixture in
        let pairs = RankedPairs(rows)
        return PairLoader(
          pairs, seed: seed, shuffle: shuffle, readsWhole: readsWhole(upTo: pairs.longest), mixture: mixture)
      }
    case .unpaired:
      try rows(UnpairedPreferenceData.self, note) {
        PairLoader(
          UnpairedPreferences($0), maximumLength: sequenceLength, seed: seed, shuffle: $1,
          readsWhole: readsWhole(upTo: sequenceLength), mixture: $2)
      }
    }
  }

  /// Whether rows of turns, of at most `length` tokens, are each read for itself and to its end: by a model whose angles follow
  /// from how long a text is.
  private func readsWhole(upTo length: Int) -> Bool { !configuration.rotatesAlike(upTo: length) }

  private func windows(_ note: (String) -> Void) throws(Failure) -> TrainingData {
    let sources = PretrainingData.Sources(
      train: data.train, weights: data.weights, validation: data.validation,
      validationFraction: data.validationFraction, splitSeed: data.shuffleSplit ? seed : nil, format: data.format)
    var isNoted = false
    let opened = try PretrainingData.open(
      sources, tokenizer: text.tokenizer, vocabularySize: configuration.vocabularySize,
      options: .init(onError: data.onError, textColumn: data.textColumn)
    ) { progress in
      if case .preparing(.waiting) = progress { note("waiting for another process that tokenizes the same data") }
      if case .preparing(.stale(let reason)) = progress { note("tokenizing the data again: \(reason)") }
      guard case .preparing(.encoded) = progress, !isNoted else { return }
      isNoted = true
      note("tokenizing the data")
    }
    func loader(_ streams: [TokenStream], weights: [Double]?, isMeasured: Bool) throws(Failure) -> WindowLoader {
      try WindowLoader(
        streams, weights: weights, sequenceLength: sequenceLength, seed: seed, shuffle: data.shuffle && !isMeasured,
        cutting: .init(packing: data.packing, documentMask: data.documentMask, keepsTail: isMeasured))
    }
    let train = try loader(opened.trained, weights: data.weights, isMeasured: isMeasured)
    noteShares(train, note)
    return TrainingData(
      train: train,
      validation: opened.heldOut.isEmpty ? nil : try loader(opened.heldOut, weights: nil, isMeasured: true),
      warnings: opened.warnings)
  }

  /// Says what weights come to: the share of each source, and how often an epoch reads it.
  private func noteShares(_ loader: any SampleLoader, _ note: (String) -> Void) {
    guard let weights = data.weights else { return }
    let sum = weights.reduce(0, +)
    for (source, passes) in zip(data.sources, loader.order.passes) {
      let share = Progress.fixed(100 * (source.weight ?? 0) / sum, 1)
      note("source \(source.path): \(share) % of the samples, read \(Progress.fixed(passes, 2)) times an epoch")
    }
  }

  private func rows<Rows: TuningRows>(
    _ type: Rows.Type, _ note: (String) -> Void,
    loader: (_ rows: Rows, _ shuffle: Bool, _ mixture: Mixture?) -> any SampleLoader
  ) throws(Failure) -> TrainingData {
    guard let format = text.chat else { preconditionFailure("rows of turns need a chat template") }
    guard sequenceLength > 1 else {
      throw Failure(
        .data, "rows of turns need at least two tokens", notes: ["the model has one position: choose another model"])
    }
    let settings = TuningSettings(data, lossOn: objective.conversations.lossOn, maximumLength: sequenceLength)
    func open(_ patterns: [String]) throws(Failure) -> Rows {
      let rows = try Rows.open(patterns, settings: settings, format: format)
      for line in rows.summary.lines { note(line) }
      return rows
    }
    var trained = try open(data.train)
    var heldOut: Rows?
    if let fraction = data.validationFraction {
      (trained, heldOut) = try trained.split(fraction: fraction, seed: data.shuffleSplit ? seed : nil)
    } else if !data.validation.isEmpty {
      heldOut = try open(data.validation)
    }
    let train = loader(trained, data.shuffle, try data.mixture(trained.ends))
    noteShares(train, note)
    return TrainingData(
      train: train, validation: heldOut.map { loader($0, false, nil) }, warnings: trained.summary.warnings)
  }
}

/// Rows for tuning, of any kind.
private protocol TuningRows {
  static func open(_ patterns: [String], settings: TuningSettings, format: ChatFormat) throws(Failure) -> Self
  func split(fraction: Double, seed: UInt64?) throws(Failure) -> (train: Self, validation: Self)
  var summary: TuningSummary { get }
  /// The index after the last row of each entry of `data.train`.
  var ends: [Int] { get }
}

extension InstructionData: TuningRows {}
extension PreferenceData: TuningRows {}
extension UnpairedPreferenceData: TuningRows {}

extension TuningSettings {
  /// What a recipe says about its rows.
  init(_ data: Recipe.Data, lossOn: LossOn, maximumLength: Int) {
    let overflow = Overflow(rawValue: data.onOverflow.rawValue) ?? .truncate
    self.init(
      fields: data.fields, lossOn: lossOn, maximumLength: maximumLength, onOverflow: overflow, onError: data.onError,
      format: data.format)
  }
}

extension TuningSummary {
  /// How many rows were used, truncated and dropped; empty if all are used as they are.
  fileprivate var lines: [String] {
    var lines: [String] = []
    if used < rows || truncated > 0 {
      lines.append("\(used) of \(rows) rows are used, \(truncated) of them truncated")
    }
    for drop in drops {
      lines.append("left out \(drop.count): \(drop.reason) (\(drop.places.joined(separator: ", ")))")
    }
    return lines
  }
}
