import Foundation

/// A page of the repository, in Markdown.
package struct Page: Sendable {
  /// The repository's folder.
  package static let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL
  /// Its text.
  package let text: String

  /// The page at `path` in the repository.
  package init(_ path: String) throws {
    text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
  }

  /// The contents of its blocks of code in `language`, in their order; "" are those without a language.
  package func code(_ language: String) -> [String] {
    let parts = text.components(separatedBy: "```")
    return stride(from: 1, to: parts.count, by: 2).compactMap { index in
      let lines = parts[index].split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      return lines.count == 2 && lines[0] == language ? String(lines[1]) : nil
    }
  }
}
