import Files
import Kernels
import Machine

/// What computes matrix products, as a run meets it.
package enum MatrixLibrary {
  /// OpenBLAS's kernels, such as `SkylakeX`, and its version; nil if it cannot be loaded.
  package static var description: (coreType: String, configuration: String)? {
    (try? BLAS.library.get()).map { ($0.coreType, $0.configuration) }
  }

  /// The kernels in use, the program's own or OpenBLAS's: with another name come other bits.
  package static func coreType(in precision: ProductPrecision) -> String {
    switch (ProductKernels.chosen, TileInstructions.chosen) {
    case (.panels, .amx): precision == .bfloat16 ? "AMX" : "AVX-512"
    case (.panels, .avx512): "AVX-512"
    case (.panels, .avx2), (.panels, .plain): "AVX2"
    case (.library, _): description?.coreType ?? "unknown"
    }
  }

  /// OpenBLAS's version and build options where it computes the products; nil where the program's own kernels do.
  package static var configuration: String? {
    ProductKernels.chosen == .library ? description?.configuration : nil
  }

  /// Checks that this machine can run what the kernels were compiled for, and that OpenBLAS is there if it is needed.
  ///
  /// - Throws: `.resources`, naming what to install or how to build; `.usage` for instructions that there are not.
  package static func require() throws(Failure) {
    try requireInstructionSets()
    try requireAskedInstructions()
    if ProductKernels.chosen == .library, case .failure(let error) = BLAS.library {
      throw Failure(
        .resources, "OpenBLAS cannot be loaded", notes: [error.reason, "install it: apt-get install libopenblas-dev"])
    }
  }

  /// Checks that the processor has the instructions that the kernels were compiled for. No kernel may run before.
  package static func requireInstructionSets(
    of processor: Set<String> = Processor.instructionSets
  ) throws(Failure) {
    if processor.isEmpty {
      throw Failure(
        .resources, "the processor's instruction sets are not known", at: "/proc/cpuinfo",
        notes: ["the program needs /proc: mount -t proc proc /proc"])
    }
    let missing = String(cString: compiledInstructionSets()).split(separator: " ").map(String.init)
      .filter { !processor.contains($0) }
    guard missing.isEmpty else {
      throw Failure(
        .resources, "the program was compiled for another processor",
        notes: [
          "this one lacks \(missing.joined(separator: " "))",
          "build it here: swift build -c release; or for all with AVX2: TRAIN_MARCH=x86-64-v3 swift build -c release",
        ])
    }
  }

  /// Throws `.usage` if `TRAIN_INSTRUCTIONS` names other instructions than this processor has: a measurement would be one of others.
  package static func requireAskedInstructions(_ asked: String? = TileInstructions.asked) throws(Failure) {
    guard let asked, TileInstructions.supported(asked) == nil else { return }
    let isKnown = TileInstructions(rawValue: asked) != nil
    let names = TileInstructions.allCases.filter(\.isSupported).map(\.rawValue)
    throw Failure(
      .usage, isKnown ? "this processor does not have the instructions" : "unknown instructions",
      at: "\(TileInstructions.variable)=\(asked)", notes: ["here it may be \(names.joined(separator: ", "))"])
  }
}
