import Models
import Support
import Testing

@Suite struct OperationCountTests {
  /// Every product of a step counted one by one: forward, and twice that backward.
  @Test func everyProductOfAStepIsCounted() throws {
    let description = try ModelDescription(
      configuration: """
        {"model_type": "llama", "vocab_size": 50, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3,
         "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 8, "tie_word_embeddings": true}
        """, source: "operation count")
    let model = description.configuration(vocabularySize: 50).makeModel(seed: 1)
    let (tokens, length, supervised) = (40, 8, 10)
    let projections = 16 * 16 + 2 * 16 * 8 + 16 * 16
    let gate = 3 * 16 * 24
    // Scores and values: 16 channels each, and half of the square.
    let attention = 2 * 16 * length / 2
    let blocks = 2 * tokens * 3 * (projections + gate + attention)
    let head = 2 * 16 * 50
    #expect(model.trainingFLOPs(tokens: tokens, length: length) == Double(3 * (blocks + tokens * head)))
    #expect(
      model.trainingFLOPs(tokens: tokens, supervised: supervised, length: length)
        == Double(3 * (blocks + supervised * head)))
  }
}
