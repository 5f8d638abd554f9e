import Corpus
import Files
import Models
import Tokenizers
import Training

/// Evaluation suites, read and turned into a model's tokens once: what can be wrong with them is found before anything is measured.
package struct SuiteSet: Sendable {
  /// A suite, ready to be measured.
  package struct Suite: Sendable {
    /// The file's name without its ending; its path where that is another suite's too.
    package var name: String
    package var format: SuiteFormat
    package var questions: [SuiteQuestion]
    /// Questions whose beginning the model has no positions for.
    package var truncated: Int
  }

  /// What is asked.
  package struct Options: Sendable {
    /// At most the first so many questions of each file; nil for all.
    package var limit: Int?
    /// The examples before each question.
    package var examples = 0
    /// The files that the examples come from; none for the suite's own.
    package var exampleFiles: [String] = []
    /// What the draws of the examples start from.
    package var seed: UInt64 = 1234
    /// How many questions of each file are kept with their answers to be looked at.
    package var shown = 0

    package init() {}
  }

  package private(set) var suites: [Suite] = []
  private let options: Options
  private let tokenizer: Tokenizer

  /// The suites in the files, for a model with `tokenizer` and so many `positions`.
  ///
  /// - Parameter beginningToken: what begins a text where the tokenizer does not say.
  package init(
    _ files: [SuiteFile], tokenizer: Tokenizer, beginningToken: Int32?, positions: Int, options: Options = Options()
  ) throws(Failure) {
    (self.options, self.tokenizer) = (options, tokenizer)
    var examples: SuiteExamples?
    if options.examples > 0 {
      examples = SuiteExamples(count: options.examples)
      examples!.seed = options.seed
      if !options.exampleFiles.isEmpty { examples!.files = try SuiteFile.files(options.exampleFiles) }
    }
    let names = files.map { Self.name(of: $0.path) }
    for (index, file) in files.enumerated() {
      var encoder = SuiteEncoder(tokenizer, first: beginningToken, positions: positions)
      let questions = try encoder.questions(of: file, limit: options.limit, examples: examples)
      let isUnique = names.filter { $0 == names[index] }.count == 1
      suites.append(
        Suite(
          name: isUnique ? names[index] : file.path, format: file.format, questions: questions,
          truncated: encoder.truncated))
    }
  }

  private static func name(of path: String) -> String {
    let file = String(path.withoutCompression.split(separator: "/").last ?? "suite")
    return file.lastIndex(of: ".").flatMap { $0 > file.startIndex ? String(file[..<$0]) : nil } ?? file
  }

  /// What the user should know about the questions, a line each.
  package var notes: [String] {
    suites.flatMap { suite in
      var lines = ["\(suite.name): \(suite.questions.count.questions), asked as in \(suite.format.title)"]
      if options.examples > 0, !suite.format.takesExamples {
        lines.append("\(suite.name): no examples stand before its sentences")
      }
      if suite.truncated > 0 {
        let asked = suite.truncated.questions
        lines.append("\(suite.name): the model has no positions for the beginnings of \(asked): they are left out")
      }
      return lines
    }
  }

  /// Measures `model`, with a line of progress for each suite.
  package func measure(_ model: any LanguageModel) throws(Failure) -> SuiteResults {
    var results = SuiteResults()
    for suite in suites {
      var progress = WorkProgress(suite.name, total: suite.questions.count, unit: "questions")
      let scores = try SuiteEvaluation(model, suite.questions) { progress.show($0) }.scores
      let figures = SuiteFigures(suite.format, suite.questions, scores)
      let shown = zip(suite.questions, scores).prefix(options.shown).map { SuiteAnswer($0, $1, tokenizer) }
      results.entries.append(
        SuiteResults.Entry(name: suite.name, format: suite.format, figures: figures, shown: shown))
    }
    results.addMean(of: .blimp)
    return results
  }
}
