import Checkpoints
import Files
import Models

/// Writes models for other programs, and verifies what it has written by reading it back.
package struct Export: Sendable {
  /// What is written.
  package enum Format: String, Sendable, CaseIterable {
    /// A folder for Hugging Face's libraries.
    case huggingFace = "hf"
    /// The weights alone.
    case safetensors
    /// A file for llama.cpp.
    case gguf
    /// The adapter alone, as PEFT keeps it.
    case peft

    /// The adapter alone, as llama.cpp takes it beside its base.
    case ggufAdapter = "gguf-lora"

    /// Whether a whole model is written, into whose weights an adapter is merged.
    package var holdsModel: Bool { self != .peft && self != .ggufAdapter }
  }

  /// The number format of the weights.
  package enum NumberFormat: String, Sendable, CaseIterable {
    case float32 = "f32"
    case float16 = "f16"
    case bfloat16 = "bf16"
    /// Blocks of 32 signed bytes with a scale (ggml).
    case q80 = "q8_0"
  }

  /// Whether an adapter becomes a part of the weights.
  package var mergesAdapters: Bool { format.holdsModel }
  private let format: Format
  private let numbers: NumberFormat
  private let overwrite: Bool
  private let assumesFormC: Bool

  /// An export; `q8_0` numbers are GGUF's alone. `assumesFormC` promises that the export's texts are in Unicode's form C.
  ///
  /// - Throws: `.usage` for numbers that the format does not have.
  package init(
    to format: Format, numbers: NumberFormat = .float32, overwrite: Bool = false, assumesFormC: Bool = false
  ) throws(Failure) {
    if numbers == .q80, format != .gguf {
      throw Failure(.usage, "\(format.rawValue) has no q8_0 numbers", notes: ["expected f32, f16 or bf16"])
    }
    self.format = format
    self.numbers = numbers
    self.overwrite = overwrite
    self.assumesFormC = assumesFormC
  }

  /// Writes the model to `path`, which appears whole or not at all, and only if it reads back the same.
  ///
  /// - Throws: `.usage` when something is there already, `.model` or `.tokenizer` when the format cannot hold the model,
  ///   `.verification` when what was written reads back differently.
  package func write(_ stored: StoredModel, to path: String) throws(Failure) -> Verification.Outcome {
    if !format.holdsModel, stored.adapter == nil {
      throw Failure(
        .usage, "the model has no adapter that \(format == .peft ? "PEFT" : "llama.cpp") could keep", at: stored.path,
        notes: ["--to \(format == .peft ? "hf" : "gguf") writes the model"])
    }
    var stored = stored
    var notes: [String] = []
    if !format.holdsModel, let adapter = stored.adapter, adapter.settings.form != .floats {
      // An adapter's files know no base in few bits: whoever loads them has the base as it is.
      stored.adapter!.settings.form = .floats
      if adapter.settings.form != .gguf {
        notes.append(
          "the adapter was trained beside a base of fewer bits than \(adapter.base) has: the two together differ a little"
        )
      }
    }
    let model = try stored.model()
    // What the adapter was trained beside, few bits included.
    if format.holdsModel { try model.mergeAdapters() }
    let contents =
      format == .huggingFace ? HuggingFaceExport.fileNames : format == .peft ? PEFTFolder.fileNames : nil
    return try StagedOutput.write(path, overwrite: overwrite, contents: contents) { [stored] (staged) throws(Failure) in
      do throws(Failure) {
        var outcome = try write(stored, model, to: staged)
        outcome.notes = notes + outcome.notes
        return outcome
      } catch {
        throw error.place == staged ? error.moved(to: path) : error
      }
    }
  }

  private func write(
    _ stored: StoredModel, _ model: any LanguageModel, to path: String
  ) throws(Failure) -> Verification.Outcome {
    switch format {
    case .huggingFace: try HuggingFaceExport(stored, model).write(to: path, as: numbers.safetensors)
    case .safetensors: try SafetensorsFile.write(model.namedArrays, as: numbers.safetensors, to: path)
    case .gguf: try GGUFExport(stored, model).write(to: path, as: numbers.gguf)
    case .peft:
      try PEFTFolder.write(stored.adaptedModel(stored.adapter!), stored, to: path, as: numbers.safetensors)
    case .ggufAdapter:
      let adapted = try stored.adaptedModel(stored.adapter!)
      let configuration = try adapted.makeUpdatesPlain(stored.adapter!.settings.adapter)
      try GGUFAdapter(stored, configuration).write(adapted, to: path, as: numbers.gguf)
    }
    let verification = Verification(
      stored, model, numbers: numbers, assumesFormC: assumesFormC, isGGUF: format == .gguf,
      hasRoundedScale: format == .ggufAdapter)
    let other = try reopened(path, stored)
    let llamaCpp = format == .gguf ? try LlamaCppTokenizer(GGUFFile(path)) : nil
    return try verification.compare(with: other, llamaCpp: llamaCpp)
  }

  /// What has been written, opened as any other model is.
  private func reopened(_ path: String, _ stored: StoredModel) throws(Failure) -> StoredModel {
    do throws(Failure) {
      // Both are weights alone.
      let other: (weights: any WeightSource, adapter: StoredAdapter?)
      switch format {
      case .huggingFace, .gguf: return try StoredModel(at: path)
      case .peft:
        let folder = try PEFTFolder.open(path, base: stored.adapter!.base)
        // Where texts end is not among an adapter's files.
        return try StoredModel(
          folder.configuration, tokenizer: folder.tokenizer, chatTemplate: folder.chatTemplate,
          endTokens: stored.endTokens, beginningToken: stored.beginningToken, weights: folder.weights,
          adapter: folder.adapter)
      case .safetensors: other = (try HuggingFaceWeights(file: path, stored.configuration), nil)
      case .ggufAdapter:
        let adapter = stored.adapter!
        let file = try GGUFAdapter(stored, adapter.settings.adapter.plain).open(path, base: adapter.base)
        other = (stored.weights, file)
      }
      return try StoredModel(
        stored.configuration, tokenizer: stored.tokenizer, chatTemplate: stored.chatTemplate,
        endTokens: stored.endTokens, beginningToken: stored.beginningToken, weights: other.weights,
        adapter: other.adapter)
    } catch {
      if error.area == .resources || error.area == .interrupted { throw error }
      throw Failure(.verification, "the export cannot be read back: \(error.what)", at: path, notes: error.notes)
    }
  }
}

extension Failure {
  /// The failure about what is to lie at `path`.
  fileprivate func moved(to path: String) -> Failure {
    var failure = self
    failure.place = path
    return failure
  }
}

extension Export.NumberFormat {
  fileprivate var safetensors: SafetensorsType {
    switch self {
    case .float32, .q80: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    }
  }

  fileprivate var gguf: GGUFEncoding {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .q80: .q80
    }
  }
}
