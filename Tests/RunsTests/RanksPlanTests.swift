import Runs
import Testing

@Suite struct RanksPlanTests {
  @Test func speedsAreReadAsTheyAreSold() {
    #expect(Bandwidth.bytes("10Gbit") == 1.25e9)
    #expect(Bandwidth.bytes("800Mbit/s") == 1e8)
    #expect(Bandwidth.bytes("25Gbps") == 25e9 / 8 && Bandwidth.bytes("1gbit") == 1.25e8)
    #expect(Bandwidth.bytes("1.25GB") == 1.25e9 && Bandwidth.bytes("100MB/s") == 1e8)
    for text in ["", "10", "Gbit", "-1Gbit", "0Gbit", "10foo", "infGbit", "10bit"] {
      #expect(Bandwidth.bytes(text) == nil, "\(text)")
    }
  }

  /// By hand: 4 ranks, 100 million numbers, 4 s alone in one micro-batch a rank, 1 GB/s.
  @Test func aStepIsComputedAndSent() {
    let plan = RanksPlan(ranks: 4, samples: 8, trained: 1e8, seconds: 4, parts: 4, bandwidth: 1e9)
    #expect(plan.bytesPerStep == 6e8)
    // Gradients hide behind two thirds of a second, but for the last bucket; 0.3 s of weights do not.
    let last = 4 * Double(1 << 20) / 1e9
    #expect(abs(plan.exposedSeconds - last - 0.3) < 1e-12)
    #expect(abs(plan.seconds - 1 - last - 0.3) < 1e-12 && abs(plan.speedup - 4 / plan.seconds) < 1e-12)
    let slow = RanksPlan(ranks: 4, samples: 8, trained: 1e8, seconds: 4, parts: 4, bandwidth: 1e8)
    #expect(abs(slow.exposedSeconds - (3 - 2.0 / 3 + 3)) < 1e-12)
    #expect(RanksPlan(ranks: 2, samples: 8, trained: 1e8, seconds: 4, parts: 4, bandwidth: nil).seconds == 2)
  }

  /// A step takes as long as the rank with the most samples; ranks without any add nothing.
  @Test func whatCannotBeDividedEvenlyIsWaitedFor() {
    func speedup(_ ranks: Int, samples: Int) -> Double {
      RanksPlan(ranks: ranks, samples: samples, trained: 1e8, seconds: 4, parts: 1, bandwidth: nil).speedup
    }
    for (ranks, samples, times) in [(4, 8, 4), (4, 6, 3), (4, 9, 3), (6, 6, 6), (64, 6, 6), (2, 1, 1)] {
      #expect(abs(speedup(ranks, samples: samples) - Double(times)) < 1e-12, "\(samples) on \(ranks)")
    }
  }

  @Test func whoWaitsIsSaid() throws {
    for (samples, ranks) in [(8, 4), (100, 8), (1, 1), (64, 64)] {
      #expect(RankNotes.share(of: samples, ranks: ranks) == nil, "\(samples) on \(ranks)")
    }
    let uneven = try #require(RankNotes.share(of: 6, ranks: 4))
    #expect(
      uneven.contains("6 samples are 2 for some of 4 processes and 1 for others") && uneven.contains("batch_size=8 "))
    let idle = try #require(RankNotes.share(of: 3, ranks: 4))
    #expect(idle.contains("and none for 1: training.batch_size=4 "), "\(idle)")
  }
}
