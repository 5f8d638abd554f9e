/// What llama.cpp calls an architecture, its configuration and its tensors in a GGUF file (gguf-py/gguf/constants.py and
/// tensor_mapping.py of github.com/ggml-org/llama.cpp).
package struct GGUFNaming: Sendable {
  /// A key below the architecture's name, and the key of a config.json that it stands for.
  package struct Key: Sendable {
    package let gguf: String
    package let config: String
    /// Whether GGUF stores a float.
    package let isFloat: Bool

    package static func integer(_ gguf: String, _ config: String) -> Key {
      Key(gguf: gguf, config: config, isFloat: false)
    }

    package static func float(_ gguf: String, _ config: String) -> Key {
      Key(gguf: gguf, config: config, isFloat: true)
    }
  }

  /// A tensor, or one of every block's, and what Hugging Face calls it.
  package struct Tensor: Sendable {
    package let gguf: String
    package let name: String
    package let layout: Layout

    package init(_ gguf: String, _ name: String, _ layout: Layout = .same) {
      (self.gguf, self.name, self.layout) = (gguf, name, layout)
    }
  }

  /// The order of a tensor's elements in the file, compared with Hugging Face's.
  package enum Layout: Sendable {
    case same
    /// Rows and columns are exchanged.
    case transposed
    /// The two halves of each head's rows alternate, so that a rotary pair is two neighbours; the key of a config.json says
    /// how many heads the rows are of.
    case rotaryPairs(headsKey: String)
  }

  /// The value of `general.architecture`, and the `model_type` of the configurations that it stands for.
  package let architecture: String
  /// Every key that a config.json has too; the reader checks or refuses all others, as they may change the mathematics.
  package let keys: [Key]
  /// The tensors that are there once.
  package let tensors: [Tensor]
  /// What precedes a block's number in Hugging Face's names, such as `model.layers.`.
  package let blockPrefix: String
  /// The tensors of a block, without the block's prefix and number.
  package let blockTensors: [Tensor]
  /// Whether scaled rotary wavelengths may be stored, as a tensor of factors.
  package let storesRopeFactors: Bool

  package init(
    _ architecture: String, keys: [Key], tensors: [Tensor], blockPrefix: String, blockTensors: [Tensor],
    storesRopeFactors: Bool = false
  ) {
    self.architecture = architecture
    self.keys = keys
    self.tensors = tensors
    self.blockPrefix = blockPrefix
    self.blockTensors = blockTensors
    self.storesRopeFactors = storesRopeFactors
  }
}
