import Files
import Foundation
import Glibc

/// A recipe of the `recipes` folder that lies beside the sources.
package struct BuiltInRecipe: Sendable {
  package var name: String
  package var path: String
  /// The first sentence of the comment that the file begins with.
  package var summary: String

  /// The names of the recipes; none where they cannot be read.
  package static var names: [String] { ((try? all()) ?? []).map(\.name) }

  /// The recipes in the order of their names, those for measuring speed last.
  package static func all() throws(Failure) -> [BuiltInRecipe] {
    let folder = try folder()
    var recipes: [BuiltInRecipe] = []
    for file in try Folder.names(in: folder, area: .usage).sorted() where file.hasSuffix(".json") {
      let path = "\(folder)/\(file)"
      let text = String(decoding: try ReadableFile.contents(of: path, area: .usage, limit: 1 << 24), as: UTF8.self)
      let comment = text.split(separator: "\n").prefix { $0.hasPrefix("//") }
        .map { String($0.dropFirst(2)).trimmingCharacters(in: .whitespaces) }
      recipes.append(
        BuiltInRecipe(
          name: String(file.dropLast(5)), path: path, summary: firstSentence(of: comment.joined(separator: " "))))
    }
    let isBench = { (recipe: BuiltInRecipe) in recipe.name.hasPrefix("bench-") }
    return recipes.filter { !isBench($0) } + recipes.filter(isBench)
  }

  /// The text up to the first full stop that ends a sentence: before a space and a capital letter, or at the end.
  private static func firstSentence(of text: String) -> String {
    let characters = Array(text)
    for index in characters.indices where characters[index] == "." {
      let rest = characters[(index + 1)...]
      guard let space = rest.first else { return text }
      if space == " ", rest.dropFirst().first?.isUppercase == true { return String(characters[...index]) }
    }
    return text
  }

  /// The path that a word stands for: itself where a file is there, else that of the built-in recipe with the name, as in
  /// `tiny`, `tiny.json` or `recipes/tiny.json`.
  package static func path(for word: String) -> String {
    if FileManager.default.fileExists(atPath: word), !Folder.exists(word) { return word }
    let name = stem(of: word)
    guard [name, "\(name).json", "recipes/\(name).json"].contains(word) else { return word }
    return (try? all())?.first { $0.name == name }?.path ?? word
  }

  /// The name of the built-in recipe whose run is in the folder `path`; nil where none is.
  static func making(_ path: String) -> String? {
    ((try? all()) ?? []).map(\.name).first { path == "checkpoints/\($0)" }
  }

  /// The name of a recipe's file without its ending.
  static func stem(of path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    return String(file.hasSuffix(".json") ? file.dropLast(5) : file)
  }

  /// `recipes` in `TRAIN_HOME`, or beside the binary or a folder around it or in its `share/train`, or in the working folder.
  private static func folder() throws(Failure) -> String {
    var candidates = ["recipes"]
    if let binary = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
      var folder = Folder.parent(of: binary)
      while folder != "/", folder != "." {
        candidates.insert(contentsOf: ["\(folder)/recipes", "\(folder)/share/train/recipes"], at: candidates.count - 1)
        folder = Folder.parent(of: folder)
      }
    }
    if let home = ProcessInfo.processInfo.environment["TRAIN_HOME"] { candidates.insert("\(home)/recipes", at: 0) }
    if let found = candidates.first(where: { access("\($0)/tiny.json", F_OK) == 0 }) { return found }
    throw Failure(
      .usage, "the built-in recipes are not where they should be",
      notes: ["looked in \(candidates.joined(separator: ", "))", "set TRAIN_HOME to the folder that they are in"])
  }
}
