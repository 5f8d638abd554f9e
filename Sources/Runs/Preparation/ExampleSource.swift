import Corpus
import Files
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
  let vocabularySize: Int
  /// Whether the samples are only measured: every token is then in one, also those that do not fill a window.
  var isMeasured = false

  /// Opens the files; what is missing is prepared first.
  func open(note: (String) -> Void) throws(Failure) -> TrainingData {
    switch type(of: objective).examples {
    case .windows:
      try windows(note)
    case .conversations:
      try rows(InstructionData.self, note) { rows, shuffle in
        ExampleLoader(
          rows.examples, digest: rows.digest, sequenceLength: sequenceLength, seed: seed, shuffle: shuffle,
          packing: data.packing, sharesBeginnings: objective.conversations.sharesBeginnings)
      }
    case .pairs:
      try rows(PreferenceData.self, note) { PairLoader(RankedPairs($0), seed: seed, shuffle: $1) }
    case .unpaired:
      try rows(UnpairedPreferenceData.self, note) {
        PairLoader(UnpairedPreferences($0), maximumLength: sequenceLength, seed: seed, shuffle: $1)
      }
    }
  }

  private func windows(_ note: (String) -> Void) throws(Failure) -> TrainingData {
    let sources = PretrainingData.Sources(
      train: data.train, validation: data.validation, validationFraction: data.validationFraction,
      splitSeed: data.shuffleSplit ? seed : nil, format: data.format)
    var isNoted = false
    let opened = try PretrainingData.open(
      sources, tokenizer: text.tokenizer, vocabularySize: vocabularySize, options: .init(onError: data.onError)
    ) { progress in
      if case .preparing(.waiting) = progress { note("waiting for another process that tokenizes the same data") }
      if case .preparing(.stale(let reason)) = progress { note("tokenizing the data again: \(reason)") }
      guard case .preparing(.encoded) = progress, !isNoted else { return }
      isNoted = true
      note("tokenizing the data")
    }
    func loader(_ stream: TokenStream, isMeasured: Bool) throws(Failure) -> WindowLoader {
      try WindowLoader(
        stream, sequenceLength: sequenceLength, seed: seed, shuffle: data.shuffle && !isMeasured,
        packing: data.packing, documentMask: data.documentMask, keepsTail: isMeasured)
    }
    return TrainingData(
      train: try loader(opened.train, isMeasured: isMeasured),
      validation: try opened.validation.map { (stream) throws(Failure) in try loader(stream, isMeasured: true) },
      warnings: opened.warnings)
  }

  private func rows<Rows: TuningRows>(
    _ type: Rows.Type, _ note: (String) -> Void, loader: (_ rows: Rows, _ shuffle: Bool) -> any SampleLoader
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
    return TrainingData(
      train: loader(trained, data.shuffle), validation: heldOut.map { loader($0, false) },
      warnings: trained.summary.warnings)
  }
}

/// Rows for tuning, of any kind.
private protocol TuningRows {
  static func open(_ patterns: [String], settings: TuningSettings, format: ChatFormat) throws(Failure) -> Self
  func split(fraction: Double, seed: UInt64?) throws(Failure) -> (train: Self, validation: Self)
  var summary: TuningSummary { get }
}

extension InstructionData: TuningRows {}
extension PreferenceData: TuningRows {}
extension UnpairedPreferenceData: TuningRows {}

extension TuningSettings {
  /// What a recipe says about its rows.
  init(_ data: Recipe.Data, lossOn: LossOn, maximumLength: Int) {
    let overflow = Overflow(rawValue: data.onOverflow.rawValue) ?? .truncate
    self.init(
      fields: data.fields, lossOn: lossOn, maximumLength: maximumLength, onOverflow: overflow, onError: data.onError)
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
