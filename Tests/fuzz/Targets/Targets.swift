import Checkpoints
import Corpus
import Files
import Foundation
import Jinja
import Tokenizers

/// What libFuzzer feeds: a parser of other people's files, chosen by FUZZ_TARGET. Refusing is right; crashing, hanging and taking
/// memory without end are what it looks for.
private let targets: [String: @Sendable ([UInt8]) -> Void] = [
  "json": { _ = try? JSONValue.parse($0, source: "fuzz", area: .data) },
  "tokenizer": { _ = try? Tokenizer(json: $0, source: "fuzz") },
  "safetensors": { bytes in withFile(bytes) { _ = try? SafetensorsFile($0) } },
  "gguf": { bytes in withFile(bytes) { _ = try? GGUFFile($0) } },
  "rows": { bytes in
    withFile(bytes) { path in
      _ = try? RowKind(of: [path])
      _ = try? PretrainingData.validate(.init(train: [path]))
    }
  },
  "delimited": { bytes in
    withFile(bytes, ending: "csv") { path in
      _ = try? RowKind(of: [path])
      _ = try? CorpusText.read([path], onError: .skip) { _ in }
    }
  },
  "jinja": { bytes in
    guard let template = try? Template(String(decoding: bytes, as: UTF8.self)) else { return }
    let message: Value = .dictionary(
      .init([(.string(Text("role")), .string(Text("user"))), (.string(Text("content")), .string(Text("hi")))]))
    _ = try? template.render([("messages", .list(.init([message]))), ("add_generation_prompt", .bool(true))])
  },
  "sentencepiece": { _ = try? Tokenizer(sentencePieceModel: $0, source: "fuzz") },
]

private func withFile(_ bytes: [UInt8], ending: String = "jsonl", _ body: (String) -> Void) {
  let path = "/dev/shm/train-fuzz-\(getpid()).\(ending)"
  guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { return }
  body(path)
}

private let target: @Sendable ([UInt8]) -> Void = {
  let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
  guard let target = targets[name] else { fatalError("FUZZ_TARGET is one of \(targets.keys.sorted())") }
  return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The build makes `main` another name of this function.
@_cdecl("fuzz_main")
public func fuzzMain(_ count: CInt, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
  var (count, words) = (count, words)
  return runDriver(&count, &words) { fuzzOneInput($0, $1) }
}
