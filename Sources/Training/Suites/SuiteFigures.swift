import Corpus
import Foundation
import Kernels
import Numerics

/// What a suite's scores come to, by the names and formulas of lm-evaluation-harness (`lm_eval/api/metrics.py`).
package struct SuiteFigures: Sendable {
  /// A figure with its standard error.
  package struct Figure: Sendable, Equatable {
    package var name: String
    package var value: Double
    /// nil where a single question says nothing about it.
    package var error: Double?

    package init(name: String, value: Double, error: Double?) {
      (self.name, self.value, self.error) = (name, value, error)
    }
  }

  package private(set) var figures: [Figure]
  /// The questions.
  package let count: Int

  /// The figures of a suite of `format` whose answers have `scores`.
  ///
  /// - Parameter resamples: how often the error of a perplexity is drawn anew.
  package init(
    _ format: SuiteFormat, _ questions: [SuiteQuestion], _ scores: [[SuiteEvaluation.AnswerScore]],
    resamples: Int = 100_000
  ) {
    precondition(questions.count == scores.count, "\(scores.count) scores for \(questions.count) questions")
    count = questions.count
    figures = []
    /// The share of questions whose right answer has the largest worth.
    func accuracy(_ name: String, _ worth: (Double, SuiteQuestion.Length) -> Double) {
      let hits = zip(questions, scores).map { question, scores in
        let worths = zip(scores, question.lengths).map { worth($0.logLikelihood, $1) }
        // The first of equals, as numpy's argmax.
        return worths.firstIndex(of: worths.max()!) == question.answer ? 1.0 : 0.0
      }
      figures.append(Figure(name: name, value: hits.mean, error: hits.meanError))
    }
    for measure in format.measures {
      switch measure {
      case .accuracy: accuracy("acc") { likelihood, _ in likelihood }
      case .normalizedAccuracy:
        accuracy("acc_norm") { $0 / Double($1.characters) }
        accuracy("acc_bytes") { $0 / Double($1.bytes) }
      case .lastWord:
        let hits = scores.map { $0[0].isGreedy ? 1.0 : 0.0 }
        let likelihoods = scores.map { $0[0].logLikelihood }
        figures.append(Figure(name: "acc", value: hits.mean, error: hits.meanError))
        figures.append(
          Figure(
            name: "perplexity", value: exp(-likelihoods.mean),
            error: Bootstrap(likelihoods, resamples: resamples).deviation { exp(-$0) }))
      }
    }
  }

  /// The plain mean of suites that belong together, as the harness has it for BLiMP.
  package init(meanOf parts: [SuiteFigures]) {
    count = parts.reduce(0) { $0 + $1.count }
    figures = parts[0].figures.indices.map { index in
      let values = parts.map { $0.figures[index] }
      let errors = values.compactMap(\.error)
      let squares = errors.reduce(0) { $0 + $1 * $1 }
      return Figure(
        name: values[0].name, value: values.map(\.value).mean,
        error: errors.count == values.count ? squares.squareRoot() / Double(errors.count) : nil)
    }
  }
}

extension [Double] {
  fileprivate var mean: Double { reduce(0, +) / Double(count) }

  /// sqrt(sum (x - mean)^2 / (n - 1)).
  fileprivate var deviation: Double? {
    guard count > 1 else { return nil }
    let mean = mean
    return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
  }

  /// The standard error of the mean.
  fileprivate var meanError: Double? { deviation.map { $0 / Double(count).squareRoot() } }
}

/// Means of samples that are drawn again from what was measured, by the numbers that Python draws: chunks of a thousand, each by
/// a generator of its own.
private struct Bootstrap {
  private var means: [Double]

  init(_ values: [Double], resamples: Int) {
    let size = min(1000, resamples)
    let chunks = size > 0 && values.count > 1 ? resamples / size : 0
    var means = [Double](repeating: 0, count: chunks * size)
    means.withUnsafeMutableBufferPointer { means in
      Parallel.run(chunks) { chunk, _ in
        var generator = MersenneTwister(seed: UInt64(chunk))
        for place in chunk * size..<(chunk + 1) * size {
          var sum = 0.0
          for _ in values { sum += values[Int(generator.uniform() * Double(values.count))] }
          means[place] = sum / Double(values.count)
        }
      }
    }
    self.means = means
  }

  /// The deviation of what `statistic` makes of the means.
  func deviation(_ statistic: (Double) -> Double) -> Double? { means.map(statistic).deviation }
}
