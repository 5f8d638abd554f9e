import Files
import Foundation
import Inference
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// Runs a program and gives its standard output, nil when it fails.
private func output(of program: String, _ arguments: [String]) throws -> [UInt8]? {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = [program] + arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return process.terminationStatus == 0 ? Array(data) : nil
}

/// A Python with h5py: the one of `TRAIN_PYTHON`, else `python3`.
private let python: String? = {
  let program = ProcessInfo.processInfo.environment["TRAIN_PYTHON"] ?? "python3"
  return (try? output(of: program, ["-c", "import h5py"])) == nil ? nil : program
}()

/// The reader that the page about model.h5 shows, run on a model.
@Suite(.enabled(if: python != nil, "needs a python3 with h5py; TRAIN_PYTHON names another one"))
struct PythonReaderTests {
  private let scratch = try! ScratchFolder()

  /// The block of Python in the page.
  private func reader() throws -> String {
    try #require(Page("Sources/ModelFiles/README.md").code("python").first)
  }

  @Test(arguments: TinyModel.kinds) func theReaderOfThePageReadsWhatIsWritten(_ kind: String) throws {
    let model = try TinyModel.write(kind, to: scratch("model.h5"), chatTemplate: "{{ a }} é")
    try scratch.write(reader(), to: "reader.py")
    let bytes = try #require(try output(of: python!, [scratch("reader.py"), scratch("model.h5")]))
    let found = try JSONValue.parse(bytes, source: "reader.py", area: .data)
    #expect(found["step"] == 7 && found["template"] == "{{ a }} é" && found["tokenizer"] == true)
    #expect(found["model_type"]?.string == (kind.hasPrefix("llama") ? "llama" : kind))
    #expect(found["weights"]?.object?.count == model.namedParameters.count)
    for named in model.namedParameters {
      let weight = try #require(found["weights"]?[named.name]?.array, "\(named.name)")
      #expect(weight[0] == JSONValue(named.value.shape.dimensions.map { JSONValue($0) }))
      let sum = named.value.elements.reduce(0) { $0 + Double($1) }
      #expect(abs(weight[1].double! - sum) < 1e-9 * Double(named.value.shape.count))
    }
  }

  @Test func theReaderRefusesWhatIsDamaged() throws {
    _ = try TinyModel.write("llama", to: scratch("model.h5"))
    try scratch.write(reader(), to: "reader.py")
    var bytes = try ReadableFile.contents(of: scratch("model.h5"), area: .data)
    let key = Array("rms_norm_eps".utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: key) })
    bytes[place] ^= 1
    try DurableFile.write(bytes, to: scratch("model.h5"))
    #expect(try output(of: python!, [scratch("reader.py"), scratch("model.h5")]) == nil)
  }
}
