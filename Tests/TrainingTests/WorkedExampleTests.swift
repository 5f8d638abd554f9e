import Files
import Support
import Testing
import Training

/// The example of Sources/README.md compiles, is the one that is printed there, and has the right gradient.
@Suite struct WorkedExampleTests {
  @Test func thePageShowsIt() throws {
    let example = try Page("Tests/TrainingTests/WorkedExample.swift").text
    #expect(try Page("Sources/README.md").code("swift") == [example])
  }

  @Test func itsGradientIsRight() {
    let decoder = SettingsDecoder(source: "test", area: .recipe)
    let check = GradientCheck(decoder.read([:]) { FocalLoss(from: &$0) })
    #expect(check.isRight, "\(check.slopes)")
  }
}
