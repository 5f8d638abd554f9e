import Kernels
import Testing

@Test func hello() { #expect(1 == 1) }
