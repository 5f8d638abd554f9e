import Files
import Foundation
import Testing
import Training

/// The example of the README compiles, is the one that is printed there, and has the right gradient.
@Suite struct WorkedExampleTests {
  @Test func theREADMEShowsIt() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let example = try String(contentsOf: folder.appending(path: "WorkedExample.swift"), encoding: .utf8)
    let readme = try String(
      contentsOf: folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "README.md"),
      encoding: .utf8)
    #expect(readme.contains("```swift\n\(example)```"))
  }

  @Test func itsGradientIsRight() {
    let decoder = SettingsDecoder(source: "test", area: .recipe)
    let check = GradientCheck(decoder.read([:]) { FocalLoss(from: &$0) })
    #expect(check.isRight, "\(check.slopes)")
  }
}
