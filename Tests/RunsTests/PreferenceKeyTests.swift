import Files
import Runs
import Testing

/// Keys of `objective` that the chosen losses do not read are refused.
@Suite struct PreferenceKeyTests {
  private func refusal(_ objective: String) -> Failure? {
    RecipeFixture.failure(
      """
      { "task": "dpo", "model": { "from": "m" }, "data": { "train": "a" }, "optimizer": { "learning_rate": 1 },
        "training": { "batch_size": 2, "max_steps": 1 }, "objective": { "name": "dpo", \(objective) } }
      """)
  }

  @Test(arguments: [
    (#""loss_type": "hinge", "label_smoothing": 0.1"#, "label_smoothing"),
    (#""loss_type": "ipo", "label_smoothing": 0"#, "label_smoothing"),
    (#""loss_type": "sigmoid", "simpo_gamma": 0.5"#, "simpo_gamma"),
    (#""loss_type": ["sigmoid", "sft"], "cpo_alpha": 1"#, "cpo_alpha"),
    (#""loss_type": "simpo", "likelihood_mean": "token""#, "likelihood_mean"),
    (#""loss_type": "orpo", "reference": "m""#, "reference"),
  ]) func aKeyWithoutEffectIsRefused(_ objective: String, key: String) throws {
    let failure = try #require(refusal(objective))
    #expect(failure.area == .recipe && failure.what.hasPrefix("\(key) has no effect on loss"), "\(failure)")
    #expect(failure.what.contains("~objective.\(key)"), "\(failure)")
  }

  @Test(arguments: [
    #""loss_type": "hinge""#, #""loss_type": "sigmoid", "label_smoothing": 0.1"#,
    #""loss_type": "simpo", "simpo_gamma": 1"#, #""loss_type": ["sigmoid", "sft"], "likelihood_mean": "token""#,
    #""loss_type": ["hinge", ["cpo", 0.5]], "cpo_alpha": 0.1, "label_smoothing": 0.1, "reference": "m""#,
    #""loss_type": "exo_pair", "label_smoothing": 1e-3"#,
  ]) func aKeyThatIsReadIsTaken(_ objective: String) {
    #expect(refusal(objective) == nil)
  }

  @Test(arguments: [#""loss_type": "exo_pair""#, #""loss_type": "exo_pair", "label_smoothing": 0"#])
  func exoNeedsSmoothing(_ objective: String) throws {
    let failure = try #require(refusal(objective))
    #expect(failure.what.contains("label_smoothing above 0") && failure.exitCode == 3, "\(failure)")
  }

  /// TRL refuses it as well: the divergence would be that of an answer to its own prompt.
  @Test func ktoNeedsABatch() throws {
    let text = """
      { "task": "dpo", "model": { "from": "m" }, "data": { "train": "a" }, "optimizer": { "learning_rate": 1 },
        "training": { "batch_size": 1, "max_steps": 1 }, "objective": { "name": "kto" } }
      """
    let failure = try #require(RecipeFixture.failure(text))
    #expect(failure.what.hasPrefix("batch_size must be above 1"), "\(failure)")
    #expect(RecipeFixture.failure(text, ["training.batch_size=2"]) == nil)
  }

  /// What a run writes down can be read again.
  @Test func theResolvedRecipeIsAsValid() throws {
    let recipe = try RecipeFixture.decode(
      """
      { "task": "dpo", "model": { "from": "m" }, "data": { "train": "a" }, "optimizer": { "learning_rate": 1 },
        "training": { "batch_size": 2, "max_steps": 1 } }
      """)
    #expect(RecipeFixture.failure(recipe.resolved.serialized()) == nil)
  }
}
