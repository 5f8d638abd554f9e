import Kernels
import Testing

@Suite(.serialized) struct ProfileTests {
  @Test func entriesCountCallsAndWhatTheyDid() {
    let x = Storage(repeating: 1, count: 200)
    let (target, source) = (x.mutableBuffer[0..<100], x.buffer[100..<200])
    let entries = Profile.entries {
      scale(target, by: 2)
      for _ in 0..<3 { copy(target, source) }
      matrixProduct(
        MutableMatrix(target, rows: 5, columns: 4), Matrix(source, rows: 5, columns: 3),
        Matrix(source[50..<100], rows: 3, columns: 4))
    }
    let copies = entries.first { $0.name == "copy" }
    #expect(copies?.calls == 3)
    #expect(copies?.bytes == 2400.0)
    #expect(copies.map { $0.seconds > 0 } == true)
    let product = entries.first { $0.product != nil }
    #expect(product?.product == ProductShape(m: 5, n: 4, k: 3, transposeA: false, transposeB: false))
    #expect(product?.operations == 120.0)
  }

  @Test func anOuterKernelHasTheTimeThatItsInnerOnesLeave() {
    let start = ContinuousClock.now
    let entries = Profile.entries {
      Profile.begin("outer")
      Profile.begin("inner", operations: 7)
      wait(milliseconds: 30)
      Profile.end()
      Profile.end()
    }
    let elapsed = ContinuousClock.now - start
    let outer = entries.first { $0.name == "outer" }
    let inner = entries.first { $0.name == "outer > inner" }
    #expect(inner.map { $0.seconds >= 0.03 } == true)
    #expect(inner?.operations == 7.0)
    #expect(.seconds(entries.reduce(0) { $0 + $1.seconds }) <= elapsed)
    #expect(outer?.calls == 1)
  }

  @Test func aTraceHasTheNamesOfItsKernels() {
    var trace: WorkTrace?
    _ = Profile.entries {
      trace = WorkTrace.recorded(threads: 4) {
        Profile.begin("outer")
        Parallel.run(2) { _, _ in }
        Profile.begin("inner")
        Parallel.run(3) { _, _ in }
        Profile.end()
        Profile.end()
        Parallel.run(5) { _, _ in }
      }
    }
    #expect(trace?.regions.map(\.kernel) == ["outer", "outer > inner", ""])
  }

  @Test func nothingIsCountedWhenNobodyAsks() {
    Profile.begin("unasked")
    Profile.end()
    #expect(Profile.entries {}.isEmpty)
  }

  private func wait(milliseconds: Int) {
    let end = ContinuousClock.now + .milliseconds(milliseconds)
    while ContinuousClock.now < end {}
  }
}
