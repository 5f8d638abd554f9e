import Files

/// An architecture: everything that the other rooms ask about it.
package struct Architecture: Sendable {
  /// The word that a recipe's `architecture` chooses it by.
  package let name: String
  /// The values of Hugging Face's `model_type` that are read as this architecture.
  package let modelTypes: [String]
  /// How its configuration is read, checked and written, and how a model is made of it.
  package let configuration: any ModelConfiguration.Type
  /// The names of its tensors in files other than `model.h5`, which has Hugging Face's.
  package let huggingFace: HuggingFaceNaming
  /// What GGUF knows it as: one naming for each `general.architecture`.
  package let gguf: [GGUFNaming]
}

/// All architectures. To add one: its file, and its line here.
package enum Architectures {
  package static let all: [Architecture] = [
    Llama.Configuration.architecture, GPT2.Configuration.architecture, Qwen3.Configuration.architecture,
    Gemma3.Configuration.architecture, OLMo2.Configuration.architecture, Phi3.Configuration.architecture,
    SmolLM3.Configuration.architecture, Granite.Configuration.architecture, GPTNeoX.Configuration.architecture,
  ]
}

/// How the tensors of Hugging Face's checkpoints may differ from the parameters of the model.
package struct HuggingFaceNaming: Sendable {
  /// What the names of all tensors but the head's begin with; checkpoints of the model without a head lack it.
  package let prefix: String
  /// Endings of the names of tensors that some versions saved although they hold no weights, such as masks.
  package let ignoredSuffixes: [String]
  /// The name of the embedding.
  package let embedding: String
  /// The name of the head, which checkpoints may repeat although it is the embedding.
  package var head = "lm_head.weight"
  /// What else checkpoints call it.
  package var otherHead: String?
}
