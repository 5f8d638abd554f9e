import Kernels
import Testing

@Suite(.serialized) struct ProfileTests {
  @Test func entriesCountCallsAndWhatTheyDid() {
    let x = Memory.allocate(200)
    defer { Memory.release(x, count: 200) }
    fill(x, 1, 200)
    let entries = Profile.entries {
      scale(x, by: 2, 100)
      for _ in 0..<3 { copy(x, x + 100, 100) }
      matrixProduct(
        x, ldc: 4, x + 100, lda: 3, transposeA: false, x + 150, ldb: 4, transposeB: false, m: 5, n: 4, k: 3,
        accumulate: false)
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
