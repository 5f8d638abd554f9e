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
}
