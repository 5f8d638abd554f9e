import Files
import Inference

/// The options that say how text is written, shared by the commands that write some.
enum SamplingArguments {
  static let options: [Option] = [
    .value("max-tokens", "N", "the most tokens to write; default 256"),
    .value("temperature", "T", "what the logits are divided by, 0 is --greedy; default 0.8"),
    .value("top-k", "K", "draw from the K likeliest tokens"),
    .value("top-p", "P", "draw from the fewest tokens that together have the probability P"),
    .value("min-p", "P", "draw from tokens with the share P of the likeliest one's probability"),
    .value("repetition-penalty", "R", "make tokens less likely that occurred before; default 1, none"),
    .flag("greedy", "always take the likeliest token"),
    .value("seed", "N", "what the random choices start from; default 1337"),
    .value("stop", "TEXT", "end the text where TEXT begins; may be given more than once"),
  ]

  /// What the options say; `isBeamSearch` draws nothing.
  static func read(_ arguments: Arguments, isBeamSearch: Bool = false) throws(Failure) -> GenerationOptions {
    var options = GenerationOptions()
    options.maximumTokens = try arguments.integer("max-tokens") ?? options.maximumTokens
    options.seed = UInt64(try arguments.integer("seed", in: 0...Int.max) ?? 1337)
    options.stopStrings = arguments.all("stop")
    if options.stopStrings.contains("") { throw arguments.failure("--stop needs a text") }
    let isGreedy = arguments.flag("greedy")
    if isGreedy || isBeamSearch {
      let other = ["temperature", "top-k", "top-p", "min-p"].first { arguments.string($0) != nil }
      if let other {
        throw arguments.failure("--\(isGreedy ? "greedy" : "beams") draws nothing: --\(other) has no meaning beside it")
      }
    }
    options.sampling.temperature = isGreedy ? 0 : try arguments.number("temperature", in: 0...1e6) ?? 0.8
    options.sampling.topK = try arguments.integer("top-k", in: 1...Int(Int32.max), isLimit: true)
    options.sampling.topP = try arguments.number("top-p", in: 0...1)
    options.sampling.minP = try arguments.number("min-p", in: 0...1)
    options.sampling.repetitionPenalty = try arguments.number("repetition-penalty", in: 1e-3...1e3) ?? 1
    return options
  }
}
