import Glibc
import Kernels
import Testing

@Suite(.serialized) struct WorkTraceTests {
  @Test func piecesAndWhatLiesBetweenThemAddUp() {
    let start = ownTime()
    let trace = WorkTrace.recorded(threads: 16) {
      work(milliseconds: 3)
      Parallel.run(4) { piece, thread in
        #expect(thread == 0 && Parallel.threads == 16)
        work(milliseconds: Double(1 + piece))
        // A region inside of a piece is a part of it.
        Parallel.run(3) { _, _ in work(milliseconds: 0.5) }
      }
      Parallel.forFixedRanges(5, grain: 10) { range in #expect(range == 0..<5) }
      work(milliseconds: 2)
    }
    let elapsed = ownTime() - start
    #expect(trace.regions.map(\.kernel) == ["", ""])
    #expect(trace.regions.map(\.pieces.count) == [4, 1])
    for (piece, seconds) in trace.regions[0].pieces.enumerated() {
      #expect(abs(seconds - (2.5e-3 + 1e-3 * Double(piece))) < 1e-3)
    }
    #expect(abs(trace.regions[0].before - 3e-3) < 1e-3)
    #expect(abs(trace.after - 2e-3) < 1e-3)
    #expect(trace.seconds <= elapsed && trace.seconds > elapsed - 2e-3)
  }

  @Test func theMedianIsThatOfEachTime() {
    func trace(_ before: Double, _ pieces: [Double]) -> WorkTrace {
      WorkTrace(regions: [.init(kernel: "", before: before, pieces: pieces)], after: before)
    }
    let traces = [trace(5, [1, 20]), trace(3, [2, 30]), trace(4, [9, 10]), trace(0, [0])]
    #expect(WorkTrace.median(of: traces) == trace(4, [2, 20]))
    #expect(WorkTrace.median(of: []) == nil)
  }

  @Test func whatIsThrownComesThrough() {
    struct Problem: Error {}
    let before = Parallel.threads
    #expect(throws: Problem.self) {
      _ = try WorkTrace.recorded(threads: 4) { () throws(Problem) in throw Problem() }
    }
    #expect(Parallel.threads == before)
  }

  private func work(milliseconds: Double) {
    let end = ownTime() + milliseconds / 1000
    while ownTime() < end {}
  }

  private func ownTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

@Suite struct PieceLanesTests {
  @Test(arguments: [1, 2, 3, 4, 5, 16, 63, 64]) func everyPieceIsInOneLane(_ threads: Int) {
    for pieces in [0, 1, 2, 3, 7, 24, 64, 1000] {
      let lanes = PieceLanes(pieces: pieces, threads: threads)
      #expect((0..<lanes.count).flatMap { lanes.pieces(of: $0) } == Array(0..<pieces), "\(pieces) pieces")
      let homes = (0..<threads).map(lanes.home)
      #expect(homes.allSatisfy { (0..<lanes.count).contains($0) })
      #expect(Set(homes).count == lanes.count, "a lane has no thread")
      #expect(lanes.count == 1 || (0..<lanes.count).allSatisfy { !lanes.pieces(of: $0).isEmpty })
    }
  }

  @Test func twoThreadsHaveOneLane() {
    let lanes = PieceLanes(pieces: 9, threads: 2)
    #expect(lanes.count == 1 && lanes.pieces(of: 0) == 0..<9)
    #expect(PieceLanes.isFromFront(0) && !PieceLanes.isFromFront(1))
  }

  @Test func aThreadAloneInItsLaneHasHalfAsMuch() {
    let lanes = PieceLanes(pieces: 30, threads: 3)
    #expect((0..<2).map { lanes.pieces(of: $0) } == [0..<20, 20..<30])
  }
}
