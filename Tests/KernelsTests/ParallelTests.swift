import Foundation
import Kernels
import Machine
import Support
import Synchronization
import Testing

@Suite(.serialized) struct ParallelTests {
  @Test(arguments: [1, 2, 3, 8, 64]) func everyPieceIsDoneOnce(_ threads: Int) {
    Parallel.withThreads(threads) {
      #expect(Parallel.threads == threads)
      for pieces in [0, 1, 2, 3, 17, 1000] {
        let counts = (0..<pieces).map { _ in Counter() }
        Parallel.run(pieces) { piece, thread in
          counts[piece].value.add(1, ordering: .relaxed)
          if thread >= threads { counts[piece].value.add(100, ordering: .relaxed) }
        }
        #expect(counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
      }
    }
  }

  /// As on a machine with more processors than there can be threads.
  @Test(arguments: [65, 96, 128, 300]) func moreThreadsThanThereCanBe(_ threads: Int) {
    let counts = (0..<1000).map { _ in Counter() }
    Parallel.run(counts.count, threads: threads) { piece, thread in
      counts[piece].value.add(thread < Parallel.mostThreads ? 1 : 100, ordering: .relaxed)
    }
    #expect(counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
    Parallel.withThreads(threads) { #expect(Parallel.threads == Parallel.mostThreads) }
  }

  @Test func manySmallRegions() {
    for threads in [2, 3, 8] {
      Parallel.withThreads(threads) {
        let total = Counter()
        for _ in 0..<20_000 { Parallel.run(5) { piece, _ in total.value.add(piece, ordering: .relaxed) } }
        #expect(total.value.load(ordering: .relaxed) == 20_000 * 10)
      }
    }
  }

  /// Workers that have gone to sleep are woken again.
  @Test func regionsWithPausesBetween() {
    Parallel.withThreads(4) {
      let total = Counter()
      for _ in 0..<50 {
        usleep(2000)
        Parallel.run(40) { piece, _ in total.value.add(piece, ordering: .relaxed) }
      }
      #expect(total.value.load(ordering: .relaxed) == 50 * 780)
    }
  }

  @Test func nestedRegionsAndSeveralCallers() {
    let total = Counter()
    let callers = (0..<4).map { _ in
      Thread {
        for _ in 0..<300 {
          Parallel.withThreads(3) {
            Parallel.run(7) { _, _ in
              Parallel.run(3) { piece, _ in total.value.add(piece + 1, ordering: .relaxed) }
            }
          }
        }
        total.finished.add(1, ordering: .releasing)
      }
    }
    for caller in callers { caller.start() }
    while total.finished.load(ordering: .acquiring) < 4 { usleep(1000) }
    #expect(total.value.load(ordering: .relaxed) == 4 * 300 * 7 * 6)
  }

  @Test func ranges() {
    for (count, grain) in [(0, 5), (1, 5), (5, 5), (6, 5), (1003, 10)] {
      let seen = (0..<count).map { _ in Counter() }
      Parallel.forFixedRanges(count, grain: grain) { range in
        #expect(range.count <= grain && range.lowerBound % grain == 0)
        for i in range { seen[i].value.add(1, ordering: .relaxed) }
      }
      for threads in [1, 2, 3, 16] {
        Parallel.withThreads(threads) {
          Parallel.forRanges(count, grain: grain) { range in
            #expect(range.count <= grain && (threads > 2 || range.lowerBound % grain == 0))
            for i in range { seen[i].value.add(1, ordering: .relaxed) }
          }
        }
      }
      #expect(seen.allSatisfy { $0.value.load(ordering: .relaxed) == 5 })
    }
  }

  @Test func theNumberOfThreadsIsThatOfTheCaller() {
    let before = Parallel.threads
    Parallel.withThreads(5) {
      Parallel.withThreads(2) { #expect(Parallel.threads == 2) }
      #expect(Parallel.threads == 5)
    }
    #expect(Parallel.threads == before && Processor.usableCount >= 1)
  }
}

private final class Counter: Sendable {
  let value = Atomic<Int>(0)
  let finished = Atomic<Int>(0)
}
