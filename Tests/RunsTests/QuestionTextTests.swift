import Runs
import Testing
import Tokenizers

/// What is shown of a prompt that only its tokens are known of.
@Suite struct QuestionTextTests {
  @Test(arguments: ["chatml", "llama3", "zephyr", "plain"])
  func aQuestionIsShownWithoutItsTemplate(_ name: String) throws {
    let template = try #require(ChatTemplate.builtIn.first { $0.name == name })
    let format = try ChatFormat(template, tokenizer: template.extending(.bytes))
    let turns = [
      Message(role: "system", content: "Be brief."), Message(role: "user", content: "One?"),
      Message(role: "assistant", content: "1"), Message(role: "user", content: "Two,\nor three?"),
    ]
    let question = QuestionText(format.tokenizer, format)
    for count in [2, 4] {
      let prompt = try format.encode(Array(turns[..<count]), addingGenerationPrompt: true).tokens
      #expect(question.text(of: prompt) == turns[count - 1].content)
    }
    // What no template wrote is shown as it is.
    #expect(question.text(of: format.tokenizer.encode("plain words")) == "plain words")
    #expect(QuestionText(.bytes, nil).text(of: [97, 256, 98]) == "ab")
  }
}
