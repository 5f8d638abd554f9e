/// A text that a model has written on the way, set apart from the log by a bar at its left.
package enum SampleText {
  /// The sample of a step: what continues `prompt`, or what answers it.
  package static func text(
    prompt: String, _ text: String, isAnswer: Bool, step: Int, inColour: Bool
  ) -> String {
    let bar = inColour ? "\u{1B}[36m│\u{1B}[0m " : "| "
    func bold(_ text: String) -> String { inColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    let prompt = prompt.withVisibleControls
    let text = text.withVisibleControls
    var lines = ["sample after step \(step):"]
    // A style ends with its line, lest the bar have it, too.
    let heads = prompt.split(separator: "\n", omittingEmptySubsequences: false).map { bold(String($0)) }
    if isAnswer {
      lines += heads.map { "  \(bar)> \($0)" } + body(text).map { "  \(bar)\($0)" }
    } else {
      let rest = body(text)
      lines += heads.dropLast().map { "  \(bar)\($0)" }
      lines.append("  \(bar)\(heads.last ?? "")\(rest.first ?? "")")
      lines += rest.dropFirst().map { "  \(bar)\($0)" }
    }
    return lines.joined(separator: "\n")
  }

  private static func body(_ text: String) -> [Substring] {
    text.split(separator: "\n", omittingEmptySubsequences: false)
  }
}
