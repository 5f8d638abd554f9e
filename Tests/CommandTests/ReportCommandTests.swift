import Foundation
import Support
import Testing

@Suite struct ReportCommandTests {
  private func makeRun(_ name: String, in folder: ScratchFolder, rate: String) throws {
    let run = folder.url(name)
    try FileManager.default.createDirectory(at: run, withIntermediateDirectories: true)
    let resolved = Data("{\"run\":\"\(name)\",\"optimizer\":{\"learning_rate\":\(rate)}}".utf8)
    try resolved.write(to: run.appending(path: "resolved.json"))
    let metrics = Data("{\"kind\":\"train\",\"step\":1,\"loss\":2.5}\n{\"kind\":\"train\",\"st".utf8)
    try metrics.write(to: run.appending(path: "metrics.jsonl"))
  }

  @Test func reportWritesThePage() throws {
    let folder = try ScratchFolder()
    try makeRun("a", in: folder, rate: "1")
    let outcome = try Binary.run(["report", "a"], in: folder)
    #expect(outcome.code == 0)
    #expect(outcome.results == "a/report.html\n")
    #expect(FileManager.default.fileExists(atPath: folder("a/report.html")))
    let missing = try Binary.run(["report", "b"], in: folder)
    #expect(missing.code == 2)
    #expect(missing.log.hasPrefix("error[usage]: no run is here\n  --> b\n"))
    let places = [("b", "does not exist"), ("a/metrics.jsonl", "belongs to the run in a"), ("c.txt", "it is a file")]
    try folder.write("text", to: "c.txt")
    for (path, words) in places {
      let log = try Binary.run(["report", path], in: folder).log
      #expect(log.contains(words), "\(log)")
    }
  }

  @Test func aRunIsWatchedInTheTerminal() throws {
    let folder = try ScratchFolder()
    try makeRun("a", in: folder, rate: "1")
    // Nothing trains in the folder, so that there is nothing to wait for.
    let outcome = try Binary.run(["watch", "a"], in: folder)
    #expect(outcome.code == 0 && outcome.results.hasPrefix("a  "), "\(outcome)")
    #expect(outcome.results.contains("training loss 2.5000 to 2.5000"), "\(outcome.results)")
    #expect(try Binary.run(["watch", "b"], in: folder).code == 2)
  }

  @Test func compareShowsTheDifference() throws {
    let folder = try ScratchFolder()
    try makeRun("a", in: folder, rate: "1")
    try makeRun("b", in: folder, rate: "2")
    let outcome = try Binary.run(["compare", "a", "b", "--out", "page.html"], in: folder)
    #expect(outcome.code == 0)
    #expect(
      outcome.results == """
        run  steps  first loss  last loss
        a    1      2.5000      2.5000
        b    1      2.5000      2.5000

        recipe                   a  b
        optimizer.learning_rate  1  2

        """)
    #expect(FileManager.default.fileExists(atPath: folder("page.html")))
    // Where it is told and nowhere else.
    let before = try FileManager.default.contentsOfDirectory(atPath: folder("")).sorted()
    #expect(
      try Binary.run(["compare", "a", "b"], in: folder).log
        == "--out FILE writes a page with the curves over each other\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder("")).sorted() == before)
    #expect(try Binary.run(["compare", "a", "b", "--out", "new/folder/x.html"], in: folder).code == 0)
    #expect(try Binary.run(["compare", "a", "b", "--out", "new"], in: folder).code == 0)
    // In the place of an earlier page or of an empty file, and of nothing else.
    #expect(try Binary.run(["compare", "a", "b", "--out", "new"], in: folder).code == 0)
    try folder.write("", to: "empty.html")
    #expect(try Binary.run(["compare", "a", "b", "--out", "empty.html"], in: folder).code == 0)
    let metrics = try folder.text(of: "a/metrics.jsonl")
    #expect(try Binary.run(["compare", "a", "b", "--out", "a/metrics.jsonl"], in: folder).code == 2)
    #expect(try folder.text(of: "a/metrics.jsonl") == metrics)
    for path in ["new/folder/x.html", "new/comparison.html"] {
      #expect(FileManager.default.fileExists(atPath: folder(path)), "\(path)")
    }
    #expect(try Binary.run(["compare", "a"], in: folder).code == 2)
    // A model has no curves, and can be compared all the same.
    try folder.write("GGUF", to: "model.gguf")
    let model = try Binary.run(["compare", "a", "model.gguf"], in: folder)
    #expect(model.code == 2 && model.log.contains("--data FILE") && !model.log.contains("train run"), "\(model.log)")
  }
}
