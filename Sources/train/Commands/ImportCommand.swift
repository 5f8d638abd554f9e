import Files
import Inference
import ModelFiles
import Runs

struct ImportCommand: Command {
  static let name = "import"
  static let summary = "Makes a checkpoint folder of a Hugging Face folder, a GGUF file or a model of llama2.c"
  static let examples = ["train import SmolLM2-135M-Instruct checkpoints/smollm2"]
  static let operands = "SOURCE OUT"
  static let options = [Option.flag("overwrite", "replace the checkpoint folder that is there"), .json]
  static let details = [
    "The other commands and `model.from` take SOURCE as it is, too; OUT is complete on its own and opens faster."
  ]

  private let source: String
  private let output: String
  private let overwrite: Bool
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    source = try arguments.operand("SOURCE")
    output = try arguments.operand("OUT")
    overwrite = arguments.flag("overwrite")
    isJSON = arguments.flag("json")
  }

  func run() throws(Failure) {
    StopRequest.install(grace: 10)
    let stored = try Waiting.during("opening \(source)") { () throws(Failure) in try StoredModel(at: source) }
    for note in stored.notes { Output.log.line("note: \(note)") }
    try Waiting.during("importing \(source)") { () throws(Failure) in
      try Import.write(stored, to: output, overwrite: overwrite)
    }
    let parameters = stored.configuration.parameterCount ?? 0
    let tokens = stored.tokenizer?.vocabularySize
    if isJSON {
      let result: JSONValue = [
        "output": JSONValue(output), "parameters": JSONValue(parameters),
        "tokens": tokens.map { JSONValue($0) } ?? .null,
      ]
      return Output.results.line(result.serialized())
    }
    Output.results.line(
      "\(output): \(parameters) parameters, \(tokens.map { "a tokenizer of \($0) tokens" } ?? "no tokenizer")")
  }
}
