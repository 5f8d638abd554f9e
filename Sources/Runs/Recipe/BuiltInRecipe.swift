import Files
import Foundation
import Glibc

/// A recipe of the `recipes` folder that lies beside the sources.
package struct BuiltInRecipe: Sendable {
  package var name: String
  package var path: String
  /// The comment that the file begins with, without its slashes.
  package var summary: String

  /// The recipes in the order of their names.
  package static func all() throws(Failure) -> [BuiltInRecipe] {
    let folder = try folder()
    var recipes: [BuiltInRecipe] = []
    for file in try Folder.names(in: folder, area: .usage).sorted() where file.hasSuffix(".json") {
      let path = "\(folder)/\(file)"
      let text = String(decoding: try ReadableFile.contents(of: path, area: .usage, limit: 1 << 24), as: UTF8.self)
      let comment = text.split(separator: "\n").first.flatMap { $0.hasPrefix("// ") ? String($0.dropFirst(3)) : nil }
      recipes.append(BuiltInRecipe(name: String(file.dropLast(5)), path: path, summary: comment ?? ""))
    }
    return recipes
  }

  /// `recipes` in `TRAIN_HOME`, or beside the binary or a folder around it, or in the working folder.
  private static func folder() throws(Failure) -> String {
    var candidates = ["recipes"]
    if let binary = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
      var folder = Folder.parent(of: binary)
      while folder != "/", folder != "." {
        candidates.insert("\(folder)/recipes", at: candidates.count - 1)
        folder = Folder.parent(of: folder)
      }
    }
    if let home = ProcessInfo.processInfo.environment["TRAIN_HOME"] { candidates.insert("\(home)/recipes", at: 0) }
    if let found = candidates.first(where: { access("\($0)/tiny.json", F_OK) == 0 }) { return found }
    throw Failure(
      .usage, "the built-in recipes are not where they should be",
      notes: ["looked in \(candidates.joined(separator: ", "))", "set TRAIN_HOME to the repository's folder"])
  }
}
