import Files
import Inference
import ModelFiles
import Runs

struct ExportCommand: Command {
  static let name = "export"
  static let summary = "Writes a model for other programs, and compares what it has written with the model"
  static let examples = ["train export checkpoints/tiny tiny.gguf", "train export checkpoints/tiny tiny-hf --to hf"]
  static let operands = "CHECKPOINT OUT"
  static let options = [
    Option.choice(
      "to", "FORMAT", among: Export.Format.allCases.map { Option.Choice($0.rawValue, Self.meaning(of: $0)) },
      "what is written; by default what OUT's ending says, .gguf or .safetensors"),
    .choice(
      "dtype", "TYPE", among: Export.NumberFormat.allCases.map { Option.Choice($0.rawValue, Self.meaning(of: $0)) },
      "what the numbers become"),
    .flag("form-c", "for gguf: all texts will be in Unicode's form C, which llama.cpp does not bring them into"),
    .flag("overwrite", "replace an earlier export"), .json,
  ]
  static let details = [
    StoredModel.kinds,
    "OUT appears whole or not at all; exit code 8 says that it did not read back as the model.",
  ]

  private let checkpoint: String
  private let output: String
  private let export: Export
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    checkpoint = try arguments.operand("CHECKPOINT")
    output = try arguments.operand("OUT")
    guard let format = arguments.choice("to") ?? Self.format(of: output) else {
      throw arguments.failure(
        "--to is missing",
        [
          "expected one of \(Export.Format.allCases.map(\.rawValue).joined(separator: ", "))",
          "only .gguf and .safetensors say it by the name; a folder for transformers: --to hf",
        ])
    }
    let numbers: Export.NumberFormat = arguments.choice("dtype") ?? .float32
    let assumesFormC = arguments.flag("form-c")
    if assumesFormC, format != .gguf { throw arguments.failure("--form-c has a meaning only with --to gguf") }
    export = try Export(
      to: format, numbers: numbers, overwrite: arguments.flag("overwrite"), assumesFormC: assumesFormC)
    isJSON = arguments.flag("json")
  }

  /// The format that the name of what is written says; nil where it says none.
  private static func format(of path: String) -> Export.Format? {
    if path.hasSuffix(".gguf") { return .gguf }
    return path.hasSuffix(".safetensors") ? .safetensors : nil
  }

  private static func meaning(of format: Export.Format) -> String {
    switch format {
    case .huggingFace: "a folder"
    case .safetensors: "the weights alone"
    case .gguf: "for llama.cpp"
    case .peft: "an adapter alone"
    case .ggufAdapter: "an adapter alone, for llama.cpp"
    }
  }

  private static func meaning(of numbers: Export.NumberFormat) -> String {
    switch numbers {
    case .float32: "the default"
    case .float16, .bfloat16: ""
    case .q80: "gguf alone"
    }
  }

  func run() throws(Failure) {
    StopRequest.install(grace: 10)
    try MatrixLibrary.require()
    let stored = try Waiting.during("opening \(checkpoint)") { () throws(Failure) in try StoredModel(at: checkpoint) }
    for note in stored.notes { Output.log.line("note: \(note)") }
    if stored.adapter != nil, export.mergesAdapters {
      try stored.checkMerge()
      Output.log.line("note: the adapter is merged into the weights of its base model")
    }
    let outcome = try verdict { () throws(Failure) in
      try Waiting.during("exporting and comparing") { () throws(Failure) in try export.write(stored, to: output) }
    }
    for note in outcome.notes { Output.log.line("note: \(note)") }
    if isJSON {
      let result: JSONValue = [
        "output": JSONValue(output), "tensors": JSONValue(outcome.tensors),
        "weight_difference": JSONValue(outcome.weightDifference),
        "logit_difference": JSONValue(outcome.logitDifference),
      ]
      return Output.results.line(result.serialized())
    }
    Output.results.line("\(output): \(outcome.tensors) tensors, read back and compared")
    Output.results.line(
      "relative difference of weights \(Self.short(outcome.weightDifference)), of logits "
        + Self.short(outcome.logitDifference))
  }

  /// Says on standard output, too, what the comparison has found: the result that a script looks for.
  private func verdict(_ write: () throws(Failure) -> Verification.Outcome) throws(Failure) -> Verification.Outcome {
    do throws(Failure) {
      return try write()
    } catch {
      if error.area == .verification, !isJSON { Output.results.line("\(output): not written, \(error.what)") }
      throw error
    }
  }

  /// A share with two digits: 0, 3.1e-4.
  private static func short(_ share: Double) -> String {
    if share == 0 { return "0" }
    var (digits, exponent) = (share, 0)
    while digits < 1 { (digits, exponent) = (digits * 10, exponent - 1) }
    return "\((digits * 10).rounded() / 10)e\(exponent)"
  }
}
