import Corpus
import Files
import Foundation
import Synchronization
import Testing

@Suite struct PrefetcherTests {
  @Test func itemsComeInOrderAndAtMostDepthAreMadeAhead() throws {
    let made = Counter()
    let prefetcher = Prefetcher(from: 10, depth: 3) { (index) throws(Failure) -> Int in
      made.add()
      return index * index
    }
    #expect(try prefetcher.next() == 100)
    Thread.sleep(forTimeInterval: 0.05)
    // One taken, three waiting, one in the thread's hand.
    #expect(made.value <= 5)
    for index in 11..<100 { #expect(try prefetcher.next() == index * index) }
  }

  @Test(.timeLimit(.minutes(1))) func withoutAThreadTheCallerMakesTheItems() throws {
    @Sendable func make(_ index: Int) throws(Failure) -> Int {
      if index == 5 { throw Failure(.data, "a bad item") }
      return index
    }
    let prefetcher = Prefetcher(
      from: 3, depth: 2, start: { _ in nil }, make: { (index) throws(Failure) in try make(index) })
    #expect(try [prefetcher.next(), prefetcher.next()] == [3, 4])
    for _ in 0..<2 { #expect(throws: Failure.self) { try prefetcher.next() } }
    prefetcher.stop()
  }

  @Test func anErrorIsThrownInItsTurnAndStays() throws {
    let prefetcher = Prefetcher(from: 0) { (index) throws(Failure) -> Int in
      if index == 2 { throw Failure(.data, "a bad item") }
      return index
    }
    #expect(try prefetcher.next() == 0)
    #expect(try prefetcher.next() == 1)
    for _ in 0..<2 {
      let error = #expect(throws: Failure.self) { try prefetcher.next() }
      #expect(error?.what == "a bad item")
    }
  }

  @Test func releasingItEndsTheThread() throws {
    let made = Counter()
    for _ in 0..<50 {
      let prefetcher = Prefetcher(from: 0) { (index) throws(Failure) -> Int in
        made.add()
        return index
      }
      _ = try prefetcher.next()
    }
    let count = made.value
    Thread.sleep(forTimeInterval: 0.05)
    #expect(made.value == count)
  }

  private final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    func add() { count.add(1, ordering: .sequentiallyConsistent) }
  }
}
