import Files
import Numerics

/// The examples that stand before the questions of a suite, drawn as lm-evaluation-harness draws them from the same rows.
///
/// With one exception: it takes the examples of LAMBADA, which has no other rows, from the questions, and a question may be among its
/// own. Here none is.
package struct SuiteExamples: Sendable {
  /// How many stand before each question.
  package var count: Int
  /// The files that they come from; none takes them from the file of the questions.
  package var files: [SuiteFile] = []
  /// What the draws start from; the harness's default.
  package var seed: UInt64 = 1234

  package init(count: Int) { self.count = count }
}

/// The contexts of a suite's questions: what stands before their answers.
struct SuiteContexts {
  private let format: SuiteFormat
  private let count: Int
  private let pools: [String?: [SuiteRow]]
  /// Whether a question may be among its own examples.
  private let mayMeetItself: Bool
  private var generator: MersenneTwister

  /// - Throws: `.data` if there are not examples enough.
  init(of suite: SuiteFile, _ examples: SuiteExamples?) throws(Failure) {
    format = suite.format
    count = format.takesExamples ? examples?.count ?? 0 : 0
    generator = MersenneTwister(seed: examples?.seed ?? 0)
    let files = (examples?.files ?? []).filter { $0.format == suite.format }
    if count > 0, let other = examples?.files.first, files.isEmpty {
      throw Failure(
        .data, "the examples are of \(other.format.rawValue), the questions of \(suite.format.rawValue)", at: other.path
      )
    }
    let rows = files.isEmpty ? suite.rows : files.flatMap(\.rows)
    mayMeetItself = files.isEmpty || files.contains { $0.path == suite.path }
    pools = Dictionary(grouping: rows, by: \.topic)
    let needed = count + (mayMeetItself || format.drawsSpareExample && !format.takesFirstExamples ? 1 : 0)
    for topic in Set(suite.rows.map(\.topic)) where count > 0 && pools[topic, default: []].count < needed {
      throw Failure(
        .data, "not enough examples\(topic.map { " of \($0)" } ?? "")", at: files.first?.path ?? suite.path,
        notes: ["\(needed) are needed for --few-shot \(count), \(pools[topic, default: []].count) are there"])
    }
  }

  /// The text before the answers of the next question.
  mutating func context(of row: SuiteRow) throws(Failure) -> String {
    var text = ""
    if let topic = row.topic {
      let name = topic.replacing("_", with: " ")
      text = "The following are multiple choice questions (with answers) about \(name).\n\n"
    }
    for example in try examples(for: row) {
      text += "\(example.text) \(example.choices[example.answer])\n\n"
    }
    return text + row.text
  }

  private mutating func examples(for row: SuiteRow) throws(Failure) -> [SuiteRow] {
    guard count > 0 else { return [] }
    let pool = pools[row.topic]!
    if format.takesFirstExamples {
      let others = mayMeetItself ? pool.filter { $0.json != row.json } : pool
      return try enough(Array(others.prefix(count)), row)
    }
    guard mayMeetItself || format.drawsSpareExample else {
      return generator.sample(count, of: pool.count).map { pool[$0] }
    }
    let drawn = generator.sample(count + 1, of: pool.count).map { pool[$0] }.filter { $0.json != row.json }
    if drawn.count >= count { return Array(drawn.prefix(count)) }
    // The question is there more than once.
    let others = pool.filter { $0.json != row.json }
    return try enough(generator.sample(min(count, others.count), of: others.count).map { others[$0] }, row)
  }

  private func enough(_ examples: [SuiteRow], _ row: SuiteRow) throws(Failure) -> [SuiteRow] {
    guard examples.count == count else {
      throw Failure(.data, "not enough examples that are not the question itself", at: row.place)
    }
    return examples
  }
}
