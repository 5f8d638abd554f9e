/// What options are called in other programs (transformers, llama.cpp, lm-evaluation-harness, nanoGPT), and what they are called
/// here.
enum ForeignOptions {
  private static let names = [
    "max-new-tokens": "max-tokens", "max-length": "max-tokens", "n-predict": "max-tokens", "n": "max-tokens",
    "limit": "max-tokens", "length": "max-tokens", "temp": "temperature", "t": "temperature", "p": "prompt",
    "text": "prompt", "start": "prompt", "input": "prompt", "num-return-sequences": "num-samples",
    "samples": "num-samples", "repeat-penalty": "repetition-penalty", "num-beams": "beams", "beam-size": "beams",
    "no-sample": "greedy", "system-prompt": "system", "sys": "system", "seed-value": "seed", "s": "seed",
    "tasks": "suite", "task": "suite", "num-fewshot": "few-shot", "fewshot": "few-shot", "dataset": "data",
    "file": "data", "files": "data", "max-seq-length": "sequence-length", "block-size": "sequence-length",
    "context-length": "sequence-length", "max-examples": "limit", "max-samples": "limit", "num-examples": "limit",
    "head": "limit", "format": "to", "outtype": "dtype", "type": "dtype", "force": "overwrite", "f": "overwrite",
    "vocabulary-size": "vocab-size", "output-dir": "output", "o": "output", "out": "output",
  ]

  /// What other programs name the model by, which is an operand here.
  static func isModel(_ name: String) -> Bool {
    [
      "m", "model", "model-path", "model-name-or-path", "model-args", "pretrained", "checkpoint", "checkpoint-path",
      "ckpt",
      "ckpt-path", "adapter-path",
    ].contains(name.lowercased().replacing("_", with: "-"))
  }

  /// The name here of an option that is called `name` elsewhere; nil where none is known.
  static func name(of name: String) -> String? { names[name.lowercased().replacing("_", with: "-")] }
}
