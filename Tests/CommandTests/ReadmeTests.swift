import Foundation
import Support
import Testing

/// The commands of the README's section "Using it", run one after the other in a folder that has the recipes.
@Suite struct ReadmeTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The commands of the first block of code after a headline, without their comments.
  private static func commands(after headline: String) throws -> [[String]] {
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let section = try #require(readme.range(of: headline))
    let blocks = readme[section.upperBound...].split(separator: "```", omittingEmptySubsequences: false)
    return try #require(blocks.dropFirst().first).split(separator: "\n").map { line in
      words(of: line.prefix { $0 != "#" })
    }.filter { !$0.isEmpty }
  }

  /// The words of a line of shell, quoted ones whole.
  private static func words(of line: some StringProtocol) -> [String] {
    String(line).components(separatedBy: "\"").enumerated().flatMap { index, part in
      index % 2 == 1 ? [part] : part.components(separatedBy: " ").filter { !$0.isEmpty }
    }
  }

  @Test func itsCommandsWork() throws {
    let folder = try ScratchFolder()
    try FileManager.default.copyItem(
      at: Self.root.appending(path: "recipes"), to: folder.url("recipes"))
    let commands = try Self.commands(after: "## Using it")
    #expect(commands.count > 8)
    for words in commands {
      let line = words.joined(separator: " ")
      try #require(words.first == "./train", "\(line)")
      // The file of a model that is not in the repository.
      if words[1] == "import" { continue }
      let outcome = try Binary.run(Array(words.dropFirst()), in: folder)
      #expect(outcome.code == 0, "\(line):\n\(outcome.log)")
    }
  }
}
