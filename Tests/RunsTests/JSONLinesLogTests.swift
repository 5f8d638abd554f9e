import Files
import Foundation
import Runs
import Support
import Testing

@Suite struct JSONLinesLogTests {
  @Test func rowsAreWrittenAsTheContractHasThem() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/metrics.jsonl"
      do {
        var metrics = try JSONLinesLog(path)
        metrics.append(
          "train", step: 1, ["loss": JSONValue(0.1 + 0.2), "tokens": 8192, "grad_norm": JSONValue(Float(0.1))])
        metrics.append("eval", step: 1, ["eval_loss": JSONValue(Double.nan)])
      }
      var metrics = try JSONLinesLog(path)
      metrics.append(step: 2, ["prompt": "a\n", "text": "\"b\""])
      #expect(
        try String(contentsOfFile: path, encoding: .utf8) == """
          {"kind":"train","step":1,"loss":0.30000000000000004,"tokens":8192,"grad_norm":0.1}
          {"kind":"eval","step":1,"eval_loss":null}
          {"step":2,"prompt":"a\\n","text":"\\"b\\""}

          """)
      #expect(try JSONLinesLog.rows(path).map { $0["step"]?.integer } == [1, 1, 2])
    }
  }

  @Test func cuttingKeepsWholeRowsUpToTheStep() throws {
    try withScratchFolder { folder in
      let path = "\(folder)/metrics.jsonl"
      let kept = "{\"kind\":\"train\",\"step\":1}\n{\"step\":2,\"loss\":1.50}\n"
      try DurableFile.write(
        kept + "{\"step\":3}\n{\"step\":2,\"late\":1}\nnoise\n{\"kind\":\"train\",\"step\":2", to: path)
      #expect(try JSONLinesLog.rows(path).count == 4)
      try JSONLinesLog.cut(path, after: 2)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == kept + "{\"step\":2,\"late\":1}\n")
      try JSONLinesLog.cut(path, after: 0)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "")
      try JSONLinesLog.cut("\(folder)/none", after: 1)
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/none"))
    }
  }

  @Test func aFullDiskDropsRowsAndNothingElse() throws {
    // /dev/full takes no byte, as a full disk does.
    var metrics = try JSONLinesLog("/dev/full")
    metrics.append("train", step: 1, [:])
    metrics.append("train", step: 2, [:])
  }

  @Test func aFolderThatIsMissingIsAnError() throws {
    #expect(throws: Failure.self) { _ = try JSONLinesLog("/nonexistent/metrics.jsonl") }
  }
}
