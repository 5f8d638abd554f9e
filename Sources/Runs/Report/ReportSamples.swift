import Files

/// What a model wrote while it was trained, a block a prompt: how the answers changed, beside the reference where there is one.
struct ReportSamples {
  /// Answers of a prompt that are shown: the first, the last, and some between.
  private static let limit = 6
  /// Prompts that are shown.
  private static let promptLimit = 12

  private struct Answers {
    var prompt: String
    var reference: String?
    var texts: [(step: Int, text: String)]
  }

  private let prompts: [Answers]

  init(_ rows: [JSONValue]) {
    var prompts: [Answers] = []
    for row in rows {
      guard let prompt = row["prompt"]?.string, let text = row["text"]?.string else { continue }
      let entry = (row["step"]?.integer ?? 0, text)
      if let index = prompts.firstIndex(where: { $0.prompt == prompt && $0.reference == row["reference"]?.string }) {
        prompts[index].texts.append(entry)
      } else {
        prompts.append(Answers(prompt: prompt, reference: row["reference"]?.string, texts: [entry]))
      }
    }
    self.prompts = Array(prompts.prefix(Self.promptLimit))
  }

  var html: [String] {
    let (answers, texts) = (prompts.filter { $0.reference != nil }, prompts.filter { $0.reference == nil })
    var parts: [String] = []
    if !answers.isEmpty { parts.append("<h2>Answers to held-out prompts</h2>") }
    parts += answers.map(block)
    if !texts.isEmpty { parts.append("<h2>Samples</h2>") }
    return parts + texts.map(block)
  }

  private func block(_ answers: Answers) -> String {
    var rows = shown(answers.texts).map { step, text in row("step \(step.grouped)", text, "") }
    if let reference = answers.reference { rows.append(row("reference", reference, " class=\"reference\"")) }
    return """
      <section class="sample"><blockquote>\(answers.prompt.escapedForHTML)</blockquote>
      <table>\(rows.joined(separator: "\n"))</table></section>
      """
  }

  private func row(_ name: String, _ text: String, _ attribute: String) -> String {
    "<tr\(attribute)><th>\(name)</th><td>\(text.escapedForHTML)</td></tr>"
  }

  /// The newest first; of many the first one and others at even distances.
  private func shown(_ texts: [(step: Int, text: String)]) -> [(step: Int, text: String)] {
    let texts = Array(texts.reversed())
    guard texts.count > Self.limit else { return texts }
    return (0..<Self.limit).map { texts[$0 * (texts.count - 1) / (Self.limit - 1)] }
  }
}
