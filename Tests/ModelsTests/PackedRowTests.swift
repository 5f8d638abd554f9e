import Autograd
import Kernels
import Models
import Support
import Testing

/// A small model of each architecture.
let smallModels: [any ModelConfiguration] = [
  Llama.Configuration {
    ($0.vocabularySize, $0.hiddenSize, $0.intermediateSize, $0.layers) = (50, 16, 24, 2)
    ($0.heads, $0.keyValueHeads, $0.maximumPositions, $0.tiesEmbeddings) = (4, 2, 64, true)
  },
  GPT2.Configuration {
    ($0.vocabularySize, $0.width, $0.innerWidth, $0.layers, $0.heads, $0.maximumPositions) = (50, 16, 24, 2, 4, 64)
  },
  Llama.Configuration {
    ($0.vocabularySize, $0.hiddenSize, $0.intermediateSize, $0.layers) = (50, 16, 24, 2)
    ($0.heads, $0.keyValueHeads, $0.maximumPositions, $0.slidingWindow) = (4, 2, 64, 7)
  },
  try! ModelDescription(
    configuration: """
      { "model_type": "gemma3_text", "vocab_size": 50, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "max_position_embeddings": 64,
        "sliding_window": 25, "layer_types": ["sliding_attention", "full_attention"] }
      """, source: "gemma3"
  ).configuration(vocabularySize: 50),
  stretchedLlama(
    #"{ "rope_type": "longrope", "short_factor": [1, 1.5], "long_factor": [2, 8] }"#,
    #""max_position_embeddings": 64, "original_max_position_embeddings": 16"#),
  stretchedLlama(#"{ "rope_type": "dynamic", "factor": 4.0 }"#, #""max_position_embeddings": 16"#),
]

/// A Llama whose angles depend on how long a text is: beyond 16 positions they are others.
private func stretchedLlama(_ scaling: String, _ positions: String) -> any ModelConfiguration {
  try! ModelDescription(
    configuration: """
      { "model_type": "llama", "vocab_size": 50, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, \(positions), "rope_scaling": \(scaling) }
      """, source: "llama"
  ).configuration(vocabularySize: 50)
}

/// The sum of the log-probabilities of the next tokens of a row, and its gradients.
private func scores(
  _ model: any LanguageModel, _ tokens: [Int32], _ targets: [Int32], _ layout: SequenceLayout
) -> (value: Tensor, gradients: Gradients) {
  valueAndGradients(of: model.parameters) {
    let hidden = model.hiddenStates(
      tokens, shape: [1, tokens.count], attention: .sequences(layout), recompute: false)
    return headLogProbabilities(hidden, model.head.weight.tensor, targets: targets).sum()
  }
}

@Suite struct PackedRowTests {
  /// A pair as one row that shares its prompt, and as two documents. With dynamic scaling the prompt is rotated by the angles
  /// for the longer answer.
  @Test(arguments: 0..<5) func aPromptIsSharedByTwoAnswers(_ index: Int) {
    let model = smallModels[index].makeModel(seed: 1)
    var generator = SeededGenerator(seed: 2)
    func text(_ count: Int) -> [Int32] { generator.integers(count, in: 0..<50).map(Int32.init) }
    let (prompt, chosen, rejected) = (text(20), text(30), text(40))
    func targets(_ answer: [Int32]) -> [Int32] { answer.dropFirst() + [-1] }
    let unscored = [Int32](repeating: -1, count: prompt.count)
    func positions(_ range: Range<Int>) -> [Int32] { range.map(Int32.init) }

    let (first, second) = (prompt.count + chosen.count, prompt.count + rejected.count)
    let shared = scores(
      model, prompt + chosen + rejected, unscored + targets(chosen) + targets(rejected),
      SequenceLayout(
        rows: 1, columns: first + rejected.count,
        positions: positions(0..<first) + positions(prompt.count..<second),
        documentStarts: [Int32](repeating: 0, count: first + rejected.count),
        gap: VisibleKeys.Gap(
          starts: [Int32](repeating: Int32(prompt.count), count: first + rejected.count),
          ends: [Int32](repeating: Int32(prompt.count), count: first) + rejected.map { _ in Int32(first) })))
    let separate = scores(
      model, prompt + chosen + prompt + rejected, unscored + targets(chosen) + unscored + targets(rejected),
      SequenceLayout(
        rows: 1, columns: first + second, positions: positions(0..<first) + positions(0..<second),
        documentStarts: [Int32](repeating: 0, count: first) + [Int32](repeating: Int32(first), count: second)))
    #expect(abs(shared.value.scalar - separate.value.scalar) < 1e-5 * abs(separate.value.scalar))
    expectEqual(model, shared.gradients, separate.gradients)
  }

  /// Only of texts beyond the original positions lengths matter.
  @Test(arguments: 0..<6) func lengthsMatterBeyondTheOriginalPositions(_ index: Int) {
    #expect(smallModels[index].rotatesAlike(upTo: 16))
    #expect(smallModels[index].rotatesAlike(upTo: 17) == (index < 4))
  }

  /// A row may be longer than the model's positions: those of each document restart, and its
  /// angles are its own.
  @Test(arguments: 0..<6) func manyDocumentsInOneLongRow(_ index: Int) {
    let model = smallModels[index].makeModel(seed: 1)
    var generator = SeededGenerator(seed: 3)
    let documents = generator.integers(20, in: 1..<65).map { length in
      generator.integers(length, in: 0..<50).map(Int32.init)
    }
    func targets(_ document: [Int32]) -> [Int32] { document.dropFirst() + [-1] }
    var (positions, starts): ([Int32], [Int32]) = ([], [])
    for document in documents {
      starts += [Int32](repeating: Int32(starts.count), count: document.count)
      positions += document.indices.map(Int32.init)
    }
    let packed = scores(
      model, documents.flatMap { $0 }, documents.flatMap(targets),
      SequenceLayout(rows: 1, columns: starts.count, positions: positions, documentStarts: starts))
    let alone = Gradients(of: model.parameters)
    var total: Float = 0
    for document in documents {
      total +=
        alone.add {
          let hidden = model.hiddenStates(
            document, shape: [1, document.count],
            attention: .sequences(SequenceLayout(rows: 1, columns: document.count)), recompute: false)
          return headLogProbabilities(hidden, model.head.weight.tensor, targets: targets(document)).sum()
        }.scalar
    }
    #expect(abs(packed.value.scalar - total) < 1e-5 * abs(total))
    expectEqual(model, packed.gradients, alone)
  }

  private func expectEqual(_ model: any LanguageModel, _ actual: Gradients, _ expected: Gradients) {
    for named in model.namedParameters {
      let reference = ReferenceArray(named.parameter.shape.dimensions, expected[named.parameter]!.elements)
      let problem = mismatch(actual[named.parameter]!.elements, reference, within: .frobenius(1e-5))
      #expect(problem == nil, "\(named.name): \(problem ?? "")")
    }
  }
}
