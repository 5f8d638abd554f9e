import Runs
import Testing

@Suite struct ProgramNameTests {
  @Test func commandsAreNamedAsTheProgramWasStarted() {
    let hint = "stopped; `train resume checkpoints/tiny` goes on. A train of thought."
    #expect(
      ProgramName.inCommands(of: hint, as: "./train")
        == "stopped; `./train resume checkpoints/tiny` goes on. A train of thought.")
    #expect(ProgramName.inCommands(of: hint, as: "train") == hint)
  }

  @Test func examplesBeginWithIt() {
    #expect(ProgramName.inExample("train pretrain tiny", as: "./train") == "./train pretrain tiny")
    #expect(ProgramName.inExample("source <(train completions bash)", as: "./train").hasPrefix("source"))
  }
}
