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
      #expect(page.contains("<b>A &lt;b&gt;</b> &amp; &quot;c&quot;"))
      #expect(page.contains("1.2500 at step 2"))
      #expect(page.contains("&quot;learning_rate&quot;: 0.001"))
      #expect(!page.contains("<script") && !page.contains("http"))
      #expect(page.components(separatedBy: "<svg").count == 2)
      #expect(page.components(separatedBy: "<polyline").count == 2)
    }
  }

  @Test func aRunThatHasOnlyStartedHasAReport() throws {
    try withScratchFolder { scratch in
      let folder = try RunFolder(creating: "\(scratch)/run", overwrite: false)
      try folder.write(try RecipeFixture.decode())
      try Report.write(folder)
      #expect(try String(contentsOfFile: folder.report, encoding: .utf8).contains("<h2>Recipe</h2>"))
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
      #expect(comparison.page.components(separatedBy: "<polyline").count == 3)
    }
  }
}

@Suite struct ChartTests {
  @Test func pointsLandWhereTheirValuesSay() {
    let chart = Chart("t", [Curve("c", [SIMD2(0, 0), SIMD2(10, 5), SIMD2(20, 10)])])
    // x: 64...624; y: 270 down to 34 for -0.4...10.4.
    #expect(chart.svg.contains("points=\"64.00,261.26 344.00,152.00 624.00,42.74\""), "\(chart.svg)")
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
    #expect(page.utf8.count < 40_000)
    let drawn = page.split(separator: " ").filter { $0.contains(",") }
    #expect(drawn.count <= 1300)
    #expect(page.contains(",42.74") && page.contains(",261.26"))
  }
}
