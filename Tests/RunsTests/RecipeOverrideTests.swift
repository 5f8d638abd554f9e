import Files
import Runs
import Testing

@Suite struct RecipeOverrideTests {
  @Test func valuesAreJSONElseStrings() throws {
    let recipe = try RecipeFixture.decode(
      RecipeFixture.text,
      ["optimizer.learning_rate=3e-4", "data.train=my text.txt", "threads=2", "evaluation.prompts=[\"a\", \"b\"]"])
    #expect(recipe.optimizer.learningRate == 3e-4)
    #expect(recipe.data.train == ["my text.txt"])
    #expect(recipe.threads == 2)
    #expect(recipe.evaluation.prompts == ["a", "b"])
    let single = try RecipeFixture.decode(
      RecipeFixture.text, ["evaluation.prompts=Once upon", "evaluation.suites=q.jsonl"])
    #expect(single.evaluation.prompts == ["Once upon"] && single.evaluation.suites == ["q.jsonl"])
    #expect(recipe.overrides.map(\.description).first == "optimizer.learning_rate=3e-4")
    #expect(recipe.text.contains("\"my text.txt\""))
    #expect(try RecipeFixture.decode(recipe.text).resolved == recipe.resolved)
  }

  @Test func aTildeRemoves() throws {
    let recipe = try RecipeFixture.decode(RecipeFixture.text, ["~schedule.warmup_steps"])
    #expect(recipe.schedule.warmupSteps == 0)
  }

  @Test func theTextIsTheSourceWhenNothingIsOverridden() throws {
    #expect(try RecipeFixture.decode().text == RecipeFixture.text)
  }

  @Test(arguments: [
    ("optimizer.learning_rat=1", "unknown key \"optimizer.learning_rat\"", "did you mean \"learning_rate\"?"),
    ("learning_rate=1", "unknown key \"learning_rate\"", "did you mean \"optimizer.learning_rate\"?"),
    ("optimzer.eps=1", "unknown key \"optimzer\"", "did you mean \"optimizer\"?"),
    ("~training.batch_sise", "removes a key that the recipe does not have", "did you mean \"batch_size\"?"),
    ("run.name=x", "leads through a value that is no object", "found the string"),
    ("optimizer..eps=1", "is no path to a key", "as in"),
  ])
  func anOverrideThatMeetsNoKeyIsAUsageError(_ text: String, _ what: String, _ note: String) throws {
    let failure = try #require(RecipeFixture.failure(RecipeFixture.text, [text]))
    #expect(failure.exitCode == 2)
    #expect(failure.what.contains(what), "\(failure)")
    #expect(failure.notes.contains { $0.contains(note) }, "\(failure)")
  }

  @Test func aWrongValueIsARecipeErrorThatPointsAtTheCommandLine() throws {
    let failure = try #require(RecipeFixture.failure(RecipeFixture.text, ["training.max_steps=abc"]))
    #expect(failure.exitCode == 3)
    #expect(failure.place == "command line: training.max_steps=abc")
  }

  /// Numbers as C and Python write them, which JSON does not know.
  @Test(arguments: [(".5", "0.5"), ("5.", "5"), ("+1e-3", "0.001")])
  func aNumberThatIsNoJSONIsAnsweredWithJSON(_ text: String, _ number: String) throws {
    let failure = try #require(RecipeFixture.failure(RecipeFixture.text, ["optimizer.learning_rate=\(text)"]))
    #expect(failure.notes.contains("JSON writes this number as \(number)"), "\(failure)")
  }

  @Test(arguments: ["a b=1", "=1", "recipes/tiny.json", "~", "~a=1", "--x=1"])
  func otherWordsAreNotOverrides(_ text: String) {
    #expect(RecipeOverride(text) == nil)
  }
}
