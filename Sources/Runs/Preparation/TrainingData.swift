import Corpus
import Files
import Glibc
import ModelFiles
import Tokenizers
import Training

/// The samples of a run.
package struct TrainingData {
  package let train: any SampleLoader
  package let validation: (any SampleLoader)?
  /// Warnings for the user.
  package let warnings: [String]

  package init(train: any SampleLoader, validation: (any SampleLoader)?, warnings: [String] = []) {
    self.train = train
    self.validation = validation
    self.warnings = warnings
  }

  /// The data with the log-probabilities of its answers under a reference model, which `scores` gives for each sample. Its
  /// samples must be answers.
  package func withReferences(
    _ scores: (PairLoader) throws(Failure) -> [[Double]]
  ) throws(Failure) -> TrainingData {
    func scored(_ loader: any SampleLoader) throws(Failure) -> PairLoader {
      guard let pairs = loader as? PairLoader else {
        preconditionFailure("a reference model cannot score samples that are no answers: \(type(of: loader))")
      }
      return pairs.with(references: try scores(pairs))
    }
    return TrainingData(train: try scored(train), validation: try validation.map(scored), warnings: warnings)
  }
}

extension Recipe {
  /// Checks what can be checked of the data without reading it through, built-in files left out; the result is warnings.
  ///
  /// - Throws: all that is wrong with the files, the template and the suites.
  package func checkData() throws(Failure) -> [String] {
    var warnings: [String] = []
    let found = [
      failure { () throws(Failure) in warnings = try checkFiles() },
      failure { () throws(Failure) in try checkTemplate() },
      failure { () throws(Failure) in
        if !evaluation.suites.isEmpty { _ = try SuiteFile.files(evaluation.suites) }
      },
    ]
    if let failure = Failure.all(found.compactMap(\.self)) { throw failure }
    return warnings
  }

  /// Checks that the files are there and are what they seem, built-in ones left out; the result is warnings.
  func checkFiles() throws(Failure) -> [String] {
    func given(_ patterns: [String]) -> [String] { patterns.filter { !BuiltInCorpus.provides($0) } }
    let (train, validation) = (given(data.train), given(data.validation))
    if train.isEmpty { return [] }
    let warnings = try PretrainingData.validate(.init(train: train, validation: validation, format: data.format))
    if examples.hasConversations { try ConversationFile.check(train + validation, format: data.format) }
    return warnings
  }

  /// Refuses a template that cannot be read: the one that is named, else the one of its tokenizer or model, where these are
  /// there already.
  private func checkTemplate() throws(Failure) {
    guard examples.hasConversations else { return }
    var own = ""
    if data.template == nil {
      var start: StoredModel?
      if let path = model.source, Path.exists(path) { start = try StoredModel(at: path) }
      var named = tokenizer
      if case .from(let path)? = tokenizer, access(path, F_OK) != 0 { named = nil }
      own = try TextFormat.ownTemplate(named, start)
    }
    _ = try ChatTemplate(named: data.template, modelsOwn: own, otherwise: .chatML)
  }

  private func failure(_ check: () throws(Failure) -> Void) -> Failure? {
    do throws(Failure) {
      try check()
      return nil
    } catch {
      return error
    }
  }
}
