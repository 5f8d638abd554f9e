import Corpus
import Files
import Training

/// The figures of evaluation suites.
package struct SuiteResults: Sendable {
  /// A suite's.
  package struct Entry: Sendable {
    package var name: String
    package var format: SuiteFormat
    package var figures: SuiteFigures
    /// The first questions, as many as are to be looked at.
    package var shown: [SuiteAnswer] = []
  }

  package var entries: [Entry] = []

  /// Adds the plain mean of the suites of a format, if there are several: BLiMP is known by it. Its name is no other's: a log or
  /// a result with a key twice could not be read.
  mutating func addMean(of format: SuiteFormat) {
    let parts = entries.filter { $0.format == format }.map(\.figures)
    guard parts.count > 1 else { return }
    var name = format.rawValue
    while entries.contains(where: { $0.name == name }) { name += "-mean" }
    entries.append(Entry(name: name, format: format, figures: SuiteFigures(meanOf: parts)))
  }

  /// `{"NAME": {"task": ..., "acc": ..., "acc_stderr": ..., "count": ...}}`
  package var json: JSONValue {
    JSONValue(
      entries.map { entry in
        var members = [JSONMember("task", JSONValue(entry.format.rawValue))]
        for figure in entry.figures.figures {
          members.append(JSONMember(figure.name, JSONValue(measured: figure.value)))
          members.append(JSONMember("\(figure.name)_stderr", figure.error.map { JSONValue(measured: $0) } ?? .null))
        }
        members.append(JSONMember("count", JSONValue(entry.figures.count)))
        if !entry.shown.isEmpty { members.append(JSONMember("questions", JSONValue(entry.shown.map(\.json)))) }
        return JSONMember(entry.name, JSONValue(members))
      })
  }

  /// A line a suite: `piqa  acc 0.6812 ± 0.0109  acc_norm 0.6850 ± 0.0108  1838 questions`
  package var lines: [String] {
    let width = entries.map(\.name.count).max() ?? 0
    return entries.map { entry in
      let figures = entry.figures.figures.map { figure in
        let error = figure.error.map { " ± \(Self.text($0))" } ?? ""
        return "\(figure.name) \(Self.text(figure.value))\(error)"
      }
      let name = entry.name + String(repeating: " ", count: width - entry.name.count)
      return ([name] + figures + [entry.figures.count.questions]).joined(separator: "  ")
    }
  }

  /// The questions that are to be looked at, with their answers.
  package var shown: [String] {
    entries.flatMap { entry in entry.shown.enumerated().map { $1.text(entry.name, number: $0 + 1) } }
  }

  /// A model that has learnt little finds some last words so unlikely that their perplexity has more digits than anybody reads.
  private static func text(_ number: Double) -> String {
    abs(number) < 1e6 ? Progress.fixed(number, 4) : Progress.scientific(number)
  }

  /// The figures by the names that a run's log has for them: `NAME/acc`.
  package var measures: [(name: String, value: Double)] {
    entries.flatMap { entry in entry.figures.figures.map { ("\(entry.name)/\($0.name)", $0.value) } }
  }
}

extension Int {
  /// So many questions, in words.
  var questions: String { counted("question") }
}
