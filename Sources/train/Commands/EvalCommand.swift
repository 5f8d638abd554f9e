import Corpus
import Files
import Inference
import Interchange
import Training

struct EvalCommand: Command {
  static let name = "eval"
  static let summary = "Measures a checkpoint on text: loss, perplexity, bits per byte, token accuracy"
  static let operands = "CHECKPOINT"
  static let options = [
    Option.value("data", "FILE", "text, JSONL or token shards; may be given several times, globs are allowed"),
    Option.value("sequence-length", "N", "tokens a window; default: the model's positions"),
    Option.value("windows", "N", "windows at most, spread over the data; default: all"), Option.json,
  ]
  static let details = ["CHECKPOINT is a run, a step folder or a model.h5."]

  private let checkpoint: String
  private let data: [String]
  private let sequenceLength: Int?
  private let windows: Int?
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    checkpoint = try arguments.operand("CHECKPOINT")
    data = arguments.all("data")
    sequenceLength = try arguments.integer("sequence-length", in: 1...(1 << 24))
    windows = try arguments.integer("windows", in: 1...Int(Int32.max))
    isJSON = arguments.flag("json")
    guard !data.isEmpty else { throw arguments.failure("--data is missing") }
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    let file = try StoredModel(at: checkpoint)
    for note in file.notes { Output.log.line("note: \(note)") }
    let model = try file.model()
    let length = sequenceLength ?? model.maximumPositions
    guard length <= model.maximumPositions else {
      throw Failure(.usage, "--sequence-length \(length) exceeds the model's \(model.maximumPositions) positions")
    }
    let stream = try PretrainingData.open(
      .init(train: data), tokenizer: file.tokenizer, vocabularySize: model.vocabularySize
    ).train
    let loader = try WindowLoader(stream, sequenceLength: length, seed: 0, shuffle: false)
    let result = try Evaluation(
      model, objective: NextToken(), loader: loader, samples: windows ?? loader.sampleCount, size: .tokens(4096),
      tokenizer: file.tokenizer)
    show(result, step: file.step)
  }

  private func show(_ result: Evaluation, step: Int) {
    if isJSON {
      var object: JSONValue = [
        "step": JSONValue(step), "tokens": JSONValue(result.tokens), "loss": JSONValue(result.loss),
      ]
      for (name, value) in result.measures.means where name != "loss" { object[name] = JSONValue(value) }
      if let perplexity = result.perplexity { object["perplexity"] = JSONValue(perplexity) }
      if let bits = result.bitsPerByte { object["bits_per_byte"] = JSONValue(bits) }
      return Output.results.line(object.serialized())
    }
    var rows = [("loss", Progress.fixed(result.loss, 4))]
    if let perplexity = result.perplexity { rows.append(("perplexity", Progress.fixed(perplexity, 3))) }
    if let bits = result.bitsPerByte { rows.append(("bits per byte", Progress.fixed(bits, 4))) }
    for (name, value) in result.measures.means where name != "loss" {
      rows.append((name.replacing("_", with: " "), Progress.fixed(value, 4)))
    }
    rows.append(("tokens", "\(result.tokens)"))
    for (name, value) in rows { Output.results.line("\(name.padded(to: 15)) \(value)") }
  }
}
