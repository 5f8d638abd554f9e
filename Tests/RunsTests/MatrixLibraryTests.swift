import Files
import Kernels
import Machine
import Runs
import Support
import Testing

@Suite struct MatrixLibraryTests {
  @Test func thisMachineCanRunWhatItCompiled() throws {
    try MatrixLibrary.require()
  }

  @Test func anotherProcessorIsToldWhatItLacks() throws {
    let compiled = Set(String(cString: compiledInstructionSets()).split(separator: " ").map(String.init))
    let absent = try #require(compiled.contains("avx2") ? "avx2" : compiled.first)
    let failure = #expect(throws: Failure.self) {
      try MatrixLibrary.requireInstructionSets(of: Processor.instructionSets.subtracting([absent]))
    }
    #expect(failure?.area == .resources && failure?.notes.first == "this one lacks \(absent)")
  }

  /// A word that is taken for none would let somebody measure something else.
  @Test func instructionsThatThereAreNotAreRefused() throws {
    try MatrixLibrary.requireAskedInstructions(nil)
    for instructions in TileInstructions.allCases where instructions.isSupported {
      try MatrixLibrary.requireAskedInstructions(instructions.rawValue)
    }
    for word in ["AVX2", " avx2", "sse4", "none"] {
      let failure = #expect(throws: Failure.self) { try MatrixLibrary.requireAskedInstructions(word) }
      #expect(failure?.area == .usage && failure?.place == "TRAIN_INSTRUCTIONS=\(word)")
      #expect(failure?.notes.first?.contains("plain") == true)
    }
  }
}
