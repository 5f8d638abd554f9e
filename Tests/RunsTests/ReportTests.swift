import Files
import Foundation
import Runs
import Support
import Testing

@Suite struct ReportTests {
  private func makeRun(_ path: String, learningRate: String, losses: [Double]) throws -> RunFolder {
    let folder = try RunFolder(creating: path, overwrite: false)
    try folder.write(
      try RecipeFixture.decode(RecipeFixture.text, ["run=\(path)", "optimizer.learning_rate=\(learningRate)"]))
    var metrics = try JSONLinesLog(folder.metrics)
    for (index, loss) in losses.enumerated() {
      metrics.append("train", step: index + 1, ["loss": JSONValue(loss), "tokens": JSONValue(100 * (index + 1))])
    }
    metrics.append("eval", step: 2, ["eval_loss": 1.25])
    var samples = try JSONLinesLog(folder.samples)
    samples.append(step: 2, ["prompt": "A <b>", "text": " & \"c\""])
    return folder
  }

  @Test func thePageIsCompleteAndEscaped() throws {
    try withScratchFolder { scratch in
      let folder = try makeRun("\(scratch)/run", learningRate: "1e-3", losses: [4, 2, .nan])
      try Report.write(folder)
      let page = try String(contentsOfFile: folder.report, encoding: .utf8)
      #expect(page.hasPrefix("<!DOCTYPE html>"))
      #expect(page.contains("<blockquote>A &lt;b&gt;</blockquote>"))
      #expect(page.contains("<tr><th>step 2</th><td> &amp; &quot;c&quot;</td></tr>"))
      #expect(page.contains("<dd>1.2500</dd><dd>held-out loss at step 2"))
      #expect(page.contains("&quot;learning_rate&quot;: 0.001"))
      #expect(!page.contains("<script") && !page.contains("http"))
      // The loss, for the whole width of the page and for a part of it.
      #expect(page.components(separatedBy: "<svg").count == 3)
      #expect(page.components(separatedBy: "<polyline").count == 3)
      #expect(page.contains("<span class=\"c0\">training <b>2.0000</b></span>"))
      // Of a run that goes on the page loads itself again.
      try Report.write(folder, isGoingOn: true, reload: 10)
      let live = try String(contentsOfFile: folder.report, encoding: .utf8)
      #expect(live.contains("<meta http-equiv=\"refresh\" content=\"10\">") && live.contains("step 2 of "), "\(live)")
      #expect(live.contains(" UTC</span>") && !page.contains(" UTC</span>"))
    }
  }

  /// A run that was resumed with other held-out data: lower losses by the measure before say nothing about it.
  @Test func anotherMeasureIsNotCompared() throws {
    try withScratchFolder { scratch in
      let folder = try RunFolder(creating: "\(scratch)/run", overwrite: false)
      let changes = [
        "run=\(folder.path)", "data.validation=b.txt", #"training.early_stopping={"patience": 2}"#,
      ]
      try folder.write(try RecipeFixture.decode(RecipeFixture.text, changes))
      var metrics = try JSONLinesLog(folder.metrics)
      func log(_ step: Int, _ loss: Double, after other: Int? = nil, in metrics: inout JSONLinesLog) {
        metrics.append("train", step: step, ["loss": 1, "tokens": JSONValue(step)])
        let mark = other.map { [JSONMember("measured_after", JSONValue($0))] } ?? []
        metrics.append("eval", step: step, [JSONMember("eval_loss", JSONValue(loss))] + mark)
      }
      for (step, loss) in [(1, 1.5), (2, 1.25), (3, 1.5)] { log(step, loss, in: &metrics) }
      log(4, 3.5, after: 3, in: &metrics)
      let before = try RunRecord(folder)
      #expect(before.figures.first { $0.key == "best_step" }?.value == 4)
      #expect(before.summary.contains { $0.value == "3.5000 at step 4" }, "\(before.summary)")
      #expect(RunView(before).lines(columns: 300, rows: 24)[0].contains("stopped at step 4 of "))
      for (step, loss) in [(5, 3.0), (6, 3.25), (7, 3.5)] { log(step, loss, after: 3, in: &metrics) }
      let stopped = try RunRecord(folder)
      #expect(stopped.summary.contains { $0.value == "3.0000 at step 5" }, "\(stopped.summary)")
      #expect(RunView(stopped).lines(columns: 300, rows: 24)[0].contains("stopped early at step 7 of "))
      #expect(!Report.page(stopped).contains("easured after"))
      // Where it went on after the evaluation, that was no reason to end.
      metrics.append("train", step: 8, ["loss": 1, "tokens": 8])
      #expect(RunView(try RunRecord(folder)).lines(columns: 300, rows: 24)[0].contains("stopped at step 8 of "))
    }
  }

  @Test func aRunThatHasOnlyStartedHasAReport() throws {
    try withScratchFolder { scratch in
      let folder = try RunFolder(creating: "\(scratch)/run", overwrite: false)
      try folder.write(try RecipeFixture.decode())
      try Report.write(folder)
      #expect(try String(contentsOfFile: folder.report, encoding: .utf8).contains("<summary>Recipe</summary>"))
    }
  }

  /// A damaged log may hold any number.
  @Test func timesWithoutEndAreShown() throws {
    try withScratchFolder { scratch in
      let folder = try makeRun("\(scratch)/run", learningRate: "1e-3", losses: [4])
      try folder.write(try RecipeFixture.decode(), environment: [JSONMember("data", "1234567 tokens, 999 documents")])
      var metrics = try JSONLinesLog(folder.metrics)
      metrics.append("train", step: 2, ["loss": 3, "tokens": JSONValue(Int.max), "tokens_per_second": 1e-300])
      let view = RunView(try RunRecord(folder)).lines(columns: 80, rows: 24)
      #expect(view.contains { $0.hasPrefix("Time: 11574074d") }, "\(view)")
      try Report.write(folder)
      let page = try String(contentsOfFile: folder.report, encoding: .utf8)
      #expect(page.contains("1,234,567 tokens, 999 documents"))
    }
  }

  @Test func comparisonsNameWhatDiffers() throws {
    try withScratchFolder { scratch in
      let first = try makeRun("\(scratch)/a", learningRate: "1e-3", losses: [4, 2])
      let second = try makeRun("\(scratch)/b", learningRate: "2e-3", losses: [4, 3, 2.5])
      let comparison = Comparison([try RunRecord(first), try RunRecord(second)])
      #expect(comparison.differences.map(\.path) == ["optimizer.learning_rate"])
      #expect(comparison.differences.map(\.values) == [["0.001", "0.002"]])
      #expect(
        comparison.figures == [
          ["run", "steps", "first loss", "last loss", "best evaluation loss", "tokens"],
          ["\(scratch)/a", "2", "4.0000", "2.0000", "1.2500 at step 2", "200"],
          ["\(scratch)/b", "3", "4.0000", "2.5000", "1.2500 at step 2", "300"],
        ])
      #expect(comparison.page.components(separatedBy: "<polyline").count == 5)
    }
  }

  /// A run has one colour and its name on the whole page, in panels that not all runs have, too.
  @Test func runsKeepTheirColoursInAllPanels() throws {
    try withScratchFolder { scratch in
      let first = try makeRun("\(scratch)/a", learningRate: "1e-3", losses: [4, 2])
      let second = try makeRun("\(scratch)/b", learningRate: "2e-3", losses: [4, 3, 2.5])
      var metrics = try JSONLinesLog(second.metrics)
      metrics.append("eval", step: 1, ["eval_rewards/margins": 1, "eval_piqa/acc": 0.5])
      metrics.append("eval", step: 3, ["eval_rewards/margins": 2, "eval_piqa/acc": 0.75])
      let page = Comparison([try RunRecord(first), try RunRecord(second)]).page
      for value in ["2.0000", "0.7500"] {
        #expect(page.contains("<span class=\"c1\">\(scratch)/b <b>\(value)</b></span>"), "\(value)")
      }
      #expect(page.contains("<b>piqa</b> <small>share of questions answered right</small>"))
    }
  }

  @Test(arguments: [
    ("\"sigmoid\"", "beta times the log-ratio to the reference", "nats an answer", true),
    ("\"simpo\"", "beta times the log-probability a token", "nats a token", false),
    ("[[\"cpo\", 1.0], [\"sft\", 0.2]]", "beta times the log-probability", "nats an answer", false),
    ("[[\"orpo\", 1.0], [\"sigmoid\", 0.2]]", "beta times the log-ratio to the reference", "nats an answer", true),
  ])
  func rewardsAreExplainedAsTheLossCountsThem(
    _ losses: String, _ rewards: String, _ unit: String, _ hasReference: Bool
  ) throws {
    try withScratchFolder { scratch in
      let folder = try RunFolder(creating: "\(scratch)/run", overwrite: false)
      var metrics = try JSONLinesLog(folder.metrics)
      for step in 1...2 {
        let value = JSONValue(Double(step))
        metrics.append(
          "train", step: step,
          [
            "rewards/accuracies": value, "rewards/chosen": value, "rewards/rejected": value, "logps/chosen": value,
            "logps/rejected": value, "logps/accuracies": value,
          ])
      }
      var run = try RunRecord(folder)
      let objective = "{\"objective\": {\"name\": \"dpo\", \"loss_type\": \(losses)}}"
      run.resolved = try JSONValue.parse(Array(objective.utf8), source: "", area: .recipe)
      let page = Report.page(run)
      #expect(page.contains("<b>Rewards</b> <small>\(rewards)</small>"), "\(page)")
      #expect(page.contains("<b>Log-probability of the answers</b> <small>\(unit)</small>"), "\(page)")
      // Without a reference the likelier answer is the one with the higher reward.
      #expect(page.contains("<b>Log-probability accuracy</b>") == hasReference, "\(page)")
      #expect(!page.contains("Other measures"), "\(page)")
    }
  }

  /// What was measured in training and on held-out data shares a panel; what never changes has none.
  @Test func panelsAreGroupedByWhatMatters() throws {
    try withScratchFolder { scratch in
      let folder = try RunFolder(creating: "\(scratch)/run", overwrite: false)
      try folder.write(try RecipeFixture.decode())
      var metrics = try JSONLinesLog(folder.metrics)
      for step in 1...40 {
        let value = JSONValue(Double(step))
        metrics.append(
          "train", step: step,
          [
            "loss": JSONValue(1 / Double(step)), "learning_rate": 0.5, "rewards/margins": value,
            "rewards/chosen": value,
            "rewards/rejected": 1, "odd_thing": value, "tokens": JSONValue(1000 * step), "tokens_per_second": 500,
          ])
      }
      for step in [20, 40] {
        let share = JSONValue(Double(step) / 100)
        metrics.append(
          "eval", step: step,
          [
            "eval_rewards/margins": JSONValue(Double(2 * step)), "eval_piqa_valid/acc": share,
            "eval_piqa_valid/acc_norm": share,
            "eval_piqa_valid/acc_bytes": share, "eval_last/acc": 0, "eval_last/perplexity": share,
          ])
      }
      try Report.write(folder)
      let page = try String(contentsOfFile: folder.report, encoding: .utf8)
      let titles = page.split(separator: "<figcaption><b>").dropFirst().map { $0.prefix { $0 != "<" } }
      #expect(titles == ["Loss", "Reward margin", "Rewards", "piqa_valid", "Odd thing", "Last perplexity"])
      #expect(page.contains("<h2>Suites</h2>") && page.contains("acc_norm, held out <b>0.4000</b>"), "\(page)")
      #expect(page.contains("Constant all along: last 0, learning rate 0.5000, speed 500.0."), "\(page)")
      #expect(page.contains("held out <b>80.00</b>") && page.contains("training, smoothed <b>"))
      // 1 to 1/40 is more than a factor of eight.
      #expect(page.contains("aria-label=\"Loss over the step, logarithmic\""))
      #expect(page.contains("<dd>40,000</dd>") && page.contains("<dd>1m20s</dd>"), "\(page)")
    }
  }

  @Test func answersStandBesideTheReference() throws {
    try withScratchFolder { scratch in
      let folder = try RunFolder(creating: "\(scratch)/run", overwrite: false)
      try folder.write(try RecipeFixture.decode())
      var samples = try JSONLinesLog(folder.samples)
      for step in 0..<20 {
        samples.append(step: step, ["prompt": "2+2?", "text": JSONValue("answer \(step)"), "reference": "four"])
      }
      try Report.write(folder)
      let page = try String(contentsOfFile: folder.report, encoding: .utf8)
      let block = try #require(page.split(separator: "<h2>Answers to held-out prompts</h2>").last)
      #expect(block.contains("<blockquote>2+2?</blockquote>"))
      let steps = block.split(separator: "<th>step ").dropFirst().compactMap { Int($0.prefix { $0.isNumber }) }
      #expect(steps.count == 6 && steps.first == 19 && steps.last == 0, "\(steps)")
      #expect(block.contains("<tr class=\"reference\"><th>reference</th><td>four</td></tr>"))
    }
  }
}

@Suite struct ChartTests {
  @Test func pointsLandWhereTheirValuesSay() {
    let chart = Chart("t", [Curve("c", [SIMD2(0, 0), SIMD2(10, 5), SIMD2(20, 10)])])
    // x: 84...626; y: 242 down to 10 for -0.4...10.4.
    #expect(chart.svg.contains("points=\"84,233.4 355,126 626,18.6\""), "\(chart.svg)")
    #expect(chart.svg.contains(">10</text>"))
  }

  @Test func degenerateCurvesAreDrawn() {
    #expect(Chart("none", []).svg == "")
    #expect(Chart("none", [Curve("c", [SIMD2(1, .nan)])]).svg == "")
    #expect(Chart("dot", [Curve("c", [SIMD2(1, 2)])]).svg.contains("<circle"))
    for value in [0, -3, 1e-300, 1e299, 1e-9] {
      let svg = Chart("flat", [Curve("c", [SIMD2(1, value), SIMD2(2, value)])]).svg
      #expect(svg.contains("<polyline") && !svg.contains("nan") && !svg.contains("inf"), "\(svg)")
    }
    let huge = Chart("huge", [Curve("c", [SIMD2(1, -1e299), SIMD2(2, 1e299)])]).svg
    #expect(!huge.contains("nan"), "\(huge)")
  }

  @Test func thinningKeepsTheSpikes() {
    var points = (0..<100_000).map { SIMD2(Double($0), 0.0) }
    points[51_234].y = 9
    points[70_001].y = -9
    let page = Chart("t", [Curve("c", points)]).svg
    #expect(page.utf8.count < 50_000)
    let drawn = (page.split(separator: "points=\"").last?.prefix { $0 != "\"" } ?? "").split(separator: " ")
    #expect(drawn.count <= 1300)
    #expect(page.contains(",18.6") && page.contains(",233.4"))
    // 100,000 has its comma.
    #expect(page.contains(">80,000</text>"))
  }
}
