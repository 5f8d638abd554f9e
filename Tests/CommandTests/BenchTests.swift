import Files
import Foundation
import Testing

@Suite struct BenchTests {
  @Test func theProfileSharesOutTheWholeStep() throws {
    let run = try TinyRun()
    let outcome = try Binary.run(["bench", "tiny.json", "--steps", "3", "--profile", "--json"], in: run.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    let object = try #require(JSONSerialization.jsonObject(with: Data(outcome.results.utf8)) as? [String: Any])
    let rows = try #require(object["profile"] as? [[String: Any]])
    let shares = rows.compactMap { $0["share"] as? Double }
    #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
    let names = rows.compactMap { $0["kernel"] as? String }
    for kernel in ["attention forward", "attention backward", "head and loss", "AdamW", "outside the kernels"] {
      #expect(names.contains(kernel), "\(kernel) is not among \(names)")
    }
    #expect((object["gemm_bound_tokens_per_second"] as? Double).map { $0 > 0 } == true)
    #expect((object["tokens_per_second"] as? Double).map { $0 > 0 } == true)
  }

  @Test func withoutTheFlagThereIsNoProfile() throws {
    let run = try TinyRun()
    let outcome = try Binary.run(["bench", "tiny.json", "--steps", "1"], in: run.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    #expect(outcome.results.contains("of the measured GEMM peak"))
    #expect(!outcome.results.contains("attention"))
  }

  /// The memory of the program that starts it, here 256 MiB and more, is not its own.
  @Test func thePeakOfMemoryIsItsOwn() throws {
    let run = try TinyRun()
    let count = 256 << 20
    let block = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)
    defer { munmap(block, count) }
    let outcome = try Binary.run(["bench", "tiny.json", "--steps", "1", "--json"], in: run.folder)
    let object = try #require(JSONSerialization.jsonObject(with: Data(outcome.results.utf8)) as? [String: Any])
    #expect((object["peak_rss_bytes"] as? Int).map { $0 > 0 && $0 < count } == true, "\(outcome.results)")
  }

  /// Random tokens are no pairs of answers.
  @Test(arguments: ["dpo", "kto"]) func objectivesOfAnswersAreRefused(_ objective: String) throws {
    let run = try TinyRun()
    let outcome = try Binary.run(
      ["bench", "tiny.json", "--steps", "1", "task=dpo", "objective={\"name\":\"\(objective)\"}"], in: run.folder)
    #expect(outcome.code == 3 && outcome.log.contains("random tokens"), "\(outcome.log)")
  }

  @Test func moreCoresAreSimulated() throws {
    let run = try TinyRun()
    let outcome = try Binary.run(["bench", "tiny.json", "--steps", "2", "--cores", "2,16,2", "--json"], in: run.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    let object = try #require(JSONSerialization.jsonObject(with: Data(outcome.results.utf8)) as? [String: Any])
    let scaling = try #require(object["scaling"] as? [String: Any])
    let points = try #require(scaling["cores"] as? [[String: Any]])
    #expect(points.compactMap { $0["cores"] as? Int } == [1, 2, 16])
    for point in points {
      let (cores, seconds) = try (#require(point["cores"] as? Double), #require(point["seconds_per_step"] as? Double))
      let losses = try #require(point["losses"] as? [[String: Any]])
      let shared = losses.reduce(0.0) {
        $0 + ($1["work_seconds"] as? Double ?? .nan) + ($1["lost_core_seconds"] as? Double ?? .nan)
      }
      #expect(abs(shared - cores * seconds) < 1e-9 * shared, "\(cores) cores")
      #expect(losses.contains { $0["kernel"] as? String == "attention backward" })
    }
    let table = try Binary.run(["bench", "tiny.json", "--steps", "1", "--cores", "16"], in: run.folder)
    #expect(table.results.contains("what limits 16 cores"))
    #expect(table.results.contains("memory bandwidth"))
  }

  @Test(arguments: ["0", "65", "x", "4,", ",", "", "4 16", "-2"]) func nonsensicalCoresAreRefused(_ cores: String)
    throws
  {
    let run = try TinyRun()
    let outcome = try Binary.run(["bench", "tiny.json", "--steps", "1", "--cores", cores], in: run.folder)
    #expect(outcome.code == 2)
    #expect(outcome.log.contains("--cores"))
  }
}
