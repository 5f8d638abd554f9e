import Communication
import Corpus
import Files
import Inference
import Machine
import ModelFiles
import Models
import Tokenizers
import Training

/// What a run needs before its first step: tokenizer, model and data.
package struct Preparation {
  package let text: TextFormat
  package let configuration: any ModelConfiguration
  package let data: TrainingData
  package let sequenceLength: Int
  /// The token that begins a text where the model that the run starts with says so; nil leaves that to the tokenizer.
  let beginningToken: Int32?
  /// The stored model that training starts with; nil for a new one.
  private let start: StoredModel?
  private let seed: UInt64
  /// What the run adapts; nil for one that trains the whole model.
  let adapter: Adaptation?
  /// The suites that its evaluations measure; nil for none.
  let suites: SuiteSet?

  /// Prepares everything that `recipe` names. `checkpoint` is that of a run that resumes.
  package init(_ recipe: Recipe, resuming checkpoint: StoredModel? = nil, note: (String) -> Void) throws(Failure) {
    let given = try GivenParts(of: recipe, resuming: checkpoint, note: note)
    let (start, named) = (given.start, given.tokenizer)
    self.start = start
    text = try TextFormat(recipe, named: named, start: start)
    configuration = try Self.configuration(recipe, start: start, tokenizer: text.tokenizer, note: note)
    if let checkpoint { try Self.checkVocabulary(configuration, of: checkpoint) }
    sequenceLength = try Self.sequenceLength(of: recipe, configuration)
    seed = UInt64(recipe.seed)
    adapter = try Self.adaptation(recipe, start, isResuming: checkpoint != nil, configuration, note: note)
    let source = ExampleSource(
      objective: recipe.objective, data: recipe.data, seed: seed, sequenceLength: sequenceLength, text: text,
      configuration: configuration)
    data = try source.open(note: note)
    beginningToken =
      start != nil && named == nil ? start?.beginningToken : Self.beginning(of: data.train, text.tokenizer)
    for warning in data.warnings { note("warning: \(warning)") }
    if text.chat?.splitsAnswers == true {
      note(
        "warning: the chat template's generation prompt ends inside a token of the trained text, such as a blank with a word: "
          + "the model will be asked with other tokens than it is trained with; end it before the blank")
    }
    suites = try SuiteSet(recipe.evaluation, given.suites, text.tokenizer, beginningToken, configuration)
    for line in suites?.notes ?? [] { note(line) }
  }

  /// Refuses a model of more tokens than the run that resumes has.
  private static func checkVocabulary(
    _ configuration: any ModelConfiguration, of checkpoint: StoredModel
  ) throws(Failure) {
    guard configuration.vocabularySize > checkpoint.configuration.vocabularySize else { return }
    throw Failure(
      .recipe, "the chat template needs more tokens than the model of the run has", at: checkpoint.path,
      notes: ["leave data.template as the run began with it, or begin another run with model.from"])
  }

  /// The tokens of a sequence: as many as the recipe says, else as the model has positions.
  private static func sequenceLength(
    of recipe: Recipe, _ configuration: any ModelConfiguration
  ) throws(Failure) -> Int {
    let (length, positions) = (recipe.data.sequenceLength, configuration.maximumPositions)
    guard let length, length > positions else { return length ?? positions }
    throw Failure(.recipe, "sequence_length (\(length)) must not exceed the model's positions (\(positions))")
  }

  /// What a run with an adapter needs to know of its base; nil for one that trains the whole model, an adapter merged into it.
  private static func adaptation(
    _ recipe: Recipe, _ start: StoredModel?, isResuming: Bool, _ configuration: any ModelConfiguration,
    note: (String) -> Void
  ) throws(Failure) -> Adaptation? {
    guard let start else { return nil }
    guard let settings = recipe.adapter else {
      if start.adapter == nil { return nil }
      if isResuming { throw Adaptation.isAnother(at: start.path) }
      try start.checkMerge()
      note("note: the adapter is merged into its base, and the whole model is trained; with \"adapter\" it alone is")
      return nil
    }
    let adaptation = try Adaptation(settings, recipe.model, start, isResuming: isResuming, configuration)
    if let line = start.roundingNote(for: settings) { note("note: \(line)") }
    return adaptation
  }

  /// What texts are trained to begin after where their tokenizer does not say so: documents after the end of text before them,
  /// whatever token of the vocabulary looks like a beginning; in text that is not divided into documents, lines after a newline.
  private static func beginning(of data: any SampleLoader, _ tokenizer: Tokenizer?) -> Int32? {
    guard let stream = (data as? WindowLoader)?.stream, let tokenizer, !tokenizer.addsBeginningOfText else {
      return nil
    }
    if stream.documentCount != nil { return tokenizer.endOfText }
    let newline = tokenizer.encode("\n")
    return stream.isEncodedText && newline.count == 1 ? newline[0] : nil
  }

  /// The run's tokenizer.
  package var tokenizer: Tokenizer? { text.tokenizer }

  /// The model that training begins with.
  package func model() throws(Failure) -> any LanguageModel {
    guard let start else { return configuration.makeModel(seed: seed) }
    if let adapter { return try adapter.model(start, seed: seed) }
    let model = try Waiting.during("opening \(start.path)") { () throws(Failure) in try start.model() }
    try model.mergeAdapters()
    return model.grown(to: configuration)
  }

  /// Refuses a run of `recipe`, whose model has `dimensions`, that does not fit into memory.
  func checkMemory(for recipe: Recipe, _ dimensions: ModelDimensions, isResuming: Bool) throws(Failure) {
    try MemoryCheck(
      recipe: recipe, model: dimensions, length: sequenceLength, data: data.train, isResuming: isResuming,
      ranks: Ranks.current.count
    ).run(usable: SystemMemory.usable / Ranks.neighbours)
  }

  /// The data as it is trained, with the scores of the model that the recipe's objective compares with; as it is, and nil, if it
  /// compares with none.
  ///
  /// - Parameters:
  ///   - model: the one that is trained.
  ///   - known: the identity of the reference model of a run that resumes.
  func trainingData(
    for recipe: Recipe, training model: any LanguageModel, isResuming: Bool, knownReference known: String?,
    over ranks: any Communicator, note: (String) -> Void
  ) throws(Failure) -> (data: TrainingData, reference: Reference?) {
    // A model that resumes and is trained whole is not any more the one that the run started with.
    let start: (any LanguageModel)? = if let adapter { adapter.reference(model) } else { isResuming ? nil : model }
    let reference = try Reference(
      of: recipe, start: start, known: known, for: recipe.objective,
      ModelShape(configuration: configuration, tokenizer: text.tokenizer))
    guard let reference else { return (data, nil) }
    // Before any rank computes a part: the first one keeps them all as the scores of its own model.
    try RankComparison.check(reference: reference.identity, ranks)
    let scored = try data.withReferences { (loader) throws(Failure) in
      try reference.scores(of: loader, over: ranks, note: note)
    }
    return (scored, reference)
  }

  private static func configuration(
    _ recipe: Recipe, start: StoredModel?, tokenizer: Tokenizer?, note: (String) -> Void
  ) throws(Failure) -> any ModelConfiguration {
    let needed = tokenizer?.vocabularySize
    if var configuration = start?.configuration {
      let size = configuration.vocabularySize
      if recipe.examples.hasConversations, let needed, needed > size {
        note("the embedding grows from \(size) to \(needed) tokens: the chat template needs more")
        configuration.vocabularySize = needed
      }
      return configuration
    }
    let description = recipe.model.description!
    guard let size = description.vocabularySize ?? needed else {
      throw Failure(.recipe, "the size of the vocabulary is not known", notes: ["give model.vocab_size or a tokenizer"])
    }
    if let needed, size < needed {
      throw Failure(
        .tokenizer, "the model's vocabulary is too small for the tokenizer",
        notes: ["model.vocab_size is \(size), the tokenizer has \(needed) tokens"])
    }
    return description.configuration(vocabularySize: size)
  }
}

/// What a run begins with, as far as it is there before any text becomes tokens.
private struct GivenParts {
  /// The stored model that training starts with; nil for a new one.
  var start: StoredModel?
  /// The tokenizer that the recipe names or trains; nil where the model's own is taken.
  var tokenizer: Tokenizer?
  /// The files of the suites that are measured.
  var suites: [SuiteFile]

  /// - Throws: what is wrong with any of them, and with a run that could not begin.
  init(of recipe: Recipe, resuming checkpoint: StoredModel?, note: (String) -> Void) throws(Failure) {
    start = checkpoint
    if checkpoint == nil {
      // What cannot begin is refused before anything is written for it.
      start = try recipe.model.stored()
      // Of text the data itself says so when it is opened.
      for warning in try recipe.checkFiles() where recipe.examples.hasConversations { note("warning: \(warning)") }
      if recipe.model.source == nil, recipe.examples == .windows {
        try recipe.checkMemory(ranks: Ranks.current.count, usable: SystemMemory.usable / Ranks.neighbours)
      }
      if !recipe.trainsTokenizer { tokenizer = try TokenizerSource.tokenizer(for: recipe, note: note) }
    }
    // What is wrong with the rows of a suite is said before hours of text become tokens.
    suites = recipe.evaluation.suites.isEmpty ? [] : try SuiteFile.files(recipe.evaluation.suites)
    try BuiltInCorpus.provide(for: recipe.data, note: note)
    if checkpoint == nil, recipe.trainsTokenizer { tokenizer = try TokenizerSource.tokenizer(for: recipe, note: note) }
    for line in start?.notes ?? [] { note("note: \(line)") }
  }
}
