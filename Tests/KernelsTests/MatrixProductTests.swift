import Kernels
import Numerics
import Support
import Testing

@Suite struct MatrixProductTests {
  @Test(arguments: ProductCase.all) func agreesWithTheTwin(_ sample: ProductCase) {
    let (a, b, before) = sample.inputs(seed: 11)
    sample.expectProduct(sample.product(a.floats, b.floats, before), of: a, b, before)
  }

  @Test func overwritesWhatIsNotANumber() {
    for k in [0, 5] {
      let c = Storage(repeating: .nan, count: 6)
      let ones = [Float](repeating: 1, count: 15)
      matrixProduct(
        MutableMatrix(c.mutableBuffer, rows: 2, columns: 3), Matrix(ones, rows: 2, columns: k),
        Matrix(ones, rows: k, columns: 3))
      #expect(c.elements == [Float](repeating: Float(k), count: 6))
    }
  }

  /// A checkpoint goes on with the same bits on another processor.
  @Test(arguments: TileInstructions.allCases.filter(\.isSupported))
  func everyProcessorGivesTheSameBits(_ instructions: TileInstructions) {
    for sample in ProductCase.cases where min(sample.m, sample.n, sample.k) > 0 {
      let (a, b, before) = sample.inputs(seed: 3)
      let plain = sample.product(a.floats, b.floats, before) { c, a, b in
        panelProduct(c, a, b, accumulate: sample.accumulate, instructions: .plain)
      }
      let found = sample.product(a.floats, b.floats, before) { c, a, b in
        panelProduct(c, a, b, accumulate: sample.accumulate, instructions: instructions)
      }
      #expect(found == plain, "\(sample)")
    }
  }

  /// What a row of C is depends on that row of A and on B alone, so that a batch may be cut anywhere.
  @Test(
    .enabled(if: ProductKernels.chosen == .panels, "the program's own kernels need AVX2"),
    arguments: ProductCase.rowCases)
  func noRowChangesAnother(_ sample: ProductCase) {
    sample.expectRowsAlone { c, a, b in matrixProduct(c, a, b, precision: sample.precision) }
  }

  @Test func theLibraryIsThere() throws {
    let library = try BLAS.library.get()
    #expect(library.configuration.contains("OpenBLAS"))
    #expect(library.coreType != "unknown")
  }
}

extension ReferenceArray {
  /// The values rounded to the nearest bfloat16.
  var bfloat16: ReferenceArray { map { Double(BFloat16(nearest: Float($0)).value) } }
}
