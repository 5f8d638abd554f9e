import Corpus
import Files
import Tokenizers
import Training

/// The samples of a run.
package struct TrainingData {
  package private(set) var train: any SampleLoader
  package private(set) var validation: (any SampleLoader)?
  /// What the user should know although it stops nothing.
  package let warnings: [String]

  /// Opens the data of `recipe` as the kind of example its objective reads; what is missing is prepared first.
  package init(
    _ recipe: Recipe, text: TextFormat, vocabularySize: Int, sequenceLength: Int, note: (String) -> Void
  ) throws(Failure) {
    switch recipe.examples {
    case .windows:
      try self.init(
        windowsOf: recipe, tokenizer: text.tokenizer, vocabularySize: vocabularySize, sequenceLength: sequenceLength,
        note: note)
    case .conversations:
      let options = recipe.objective.conversations
      let settings = TuningSettings(recipe.data, lossOn: options.lossOn, maximumLength: sequenceLength)
      try self.init(InstructionData.self, of: recipe, text.chat!, settings, note: note) { data, shuffle in
        ExampleLoader(
          data.examples, digest: data.digest, sequenceLength: sequenceLength, seed: UInt64(recipe.seed),
          shuffle: shuffle, packing: recipe.data.packing, sharesBeginnings: options.sharesBeginnings)
      }
    case .pairs:
      let settings = TuningSettings(recipe.data, maximumLength: sequenceLength)
      try self.init(PreferenceData.self, of: recipe, text.chat!, settings, note: note) {
        PairLoader(RankedPairs($0), seed: UInt64(recipe.seed), shuffle: $1)
      }
    case .unpaired:
      let settings = TuningSettings(recipe.data, maximumLength: sequenceLength)
      try self.init(UnpairedPreferenceData.self, of: recipe, text.chat!, settings, note: note) {
        PairLoader(UnpairedPreferences($0), seed: UInt64(recipe.seed), shuffle: $1)
      }
    }
  }

  private init(
    windowsOf recipe: Recipe, tokenizer: Tokenizer?, vocabularySize: Int, sequenceLength: Int, note: (String) -> Void
  ) throws(Failure) {
    let data = recipe.data
    let sources = PretrainingData.Sources(
      train: data.train, validation: data.validation, validationFraction: data.validationFraction, format: data.format)
    var isTold = false
    let opened = try PretrainingData.open(
      sources, tokenizer: tokenizer, vocabularySize: vocabularySize, options: .init(onError: data.onError)
    ) { progress in
      guard case .preparing = progress, !isTold else { return }
      isTold = true
      note("tokenizing the data")
    }
    func loader(_ stream: TokenStream, shuffle: Bool) throws(Failure) -> WindowLoader {
      try WindowLoader(
        stream, sequenceLength: sequenceLength, seed: UInt64(recipe.seed), shuffle: shuffle, packing: data.packing,
        documentMask: data.documentMask)
    }
    train = try loader(opened.train, shuffle: data.shuffle)
    validation = try opened.validation.map { (stream) throws(Failure) in try loader(stream, shuffle: false) }
    warnings = opened.warnings
  }

  private init<Rows: TuningRows>(
    _ type: Rows.Type, of recipe: Recipe, _ chat: ChatFormat, _ settings: TuningSettings, note: (String) -> Void,
    loader: (_ rows: Rows, _ shuffle: Bool) -> any SampleLoader
  ) throws(Failure) {
    let data = recipe.data
    func open(_ patterns: [String]) throws(Failure) -> Rows {
      let rows = try Rows.open(patterns, settings: settings, format: chat)
      for line in rows.summary.lines { note(line) }
      return rows
    }
    var trained = try open(data.train)
    var heldOut: Rows?
    if let fraction = data.validationFraction {
      (trained, heldOut) = try trained.split(fraction: fraction)
    } else if !data.validation.isEmpty {
      heldOut = try open(data.validation)
    }
    train = loader(trained, data.shuffle)
    validation = heldOut.map { loader($0, false) }
    warnings = trained.summary.warnings
  }
}

extension TrainingData {
  /// The data with the log-probabilities of its answers under a reference model, which `scores` gives for each sample. Its
  /// examples must be answers.
  func withReferences(
    _ scores: (PairLoader) throws(Failure) -> [(first: Double, second: Double)]
  ) throws(Failure) -> TrainingData {
    func scored(_ loader: any SampleLoader) throws(Failure) -> PairLoader {
      guard let pairs = loader as? PairLoader else {
        preconditionFailure("a reference model cannot score samples that are no answers: \(type(of: loader))")
      }
      return pairs.with(references: try scores(pairs))
    }
    var data = self
    data.train = try scored(train)
    data.validation = try validation.map(scored)
    return data
  }
}

extension Recipe {
  /// Checks what can be checked of the data without reading it through, built-in files left out; the result is warnings.
  package func checkData() throws(Failure) -> [String] {
    func given(_ patterns: [String]) -> [String] { patterns.filter { !BuiltInCorpus.provides($0) } }
    let (train, validation) = (given(data.train), given(data.validation))
    if train.isEmpty { return [] }
    return try PretrainingData.validate(.init(train: train, validation: validation, format: data.format))
  }
}

/// Rows for tuning, whatever they become.
private protocol TuningRows {
  static func open(
    _ patterns: [String], settings: TuningSettings, format: ChatFormat
  ) throws(Failure) -> Self
  func split(fraction: Double) throws(Failure) -> (train: Self, validation: Self)
  var summary: TuningSummary { get }
}

extension InstructionData: TuningRows {}
extension PreferenceData: TuningRows {}
extension UnpairedPreferenceData: TuningRows {}

extension TuningSettings {
  /// What a recipe says about its rows.
  init(_ data: Recipe.Data, lossOn: LossOn = .assistant, maximumLength: Int) {
    let overflow = Overflow(rawValue: data.onOverflow.rawValue) ?? .truncate
    self.init(
      fields: data.fields, lossOn: lossOn, maximumLength: maximumLength, onOverflow: overflow, onError: data.onError)
  }
}

extension TuningSummary {
  /// What became of the rows, a line each; nothing when all of them are used as they are.
  var lines: [String] {
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
