import Files
import Foundation

/// A page about a run, complete in one file: no script, nothing from the network.
package enum Report {
  /// The page as HTML. That of a run that goes on loads itself again every so many seconds, and says when it was written: where
  /// the run was killed nothing else tells that it will not be written again.
  package static func page(_ run: RunRecord, reload seconds: Int? = nil) -> String {
    let facts = RunFacts(run)
    let panels = Panels(run)
    let task = run.resolved["task"]?.string.map { "<span>\($0.escapedForHTML)</span>" } ?? ""
    let now = ISO8601DateFormatter().string(from: Date()).replacing("T", with: " ").prefix(19)
    let written = seconds == nil ? "" : "<span>as of \(now) UTC</span>"
    let kind = facts.state.hasPrefix("stopped") ? "state stopped" : "state"
    let state = "<span class=\"\(kind)\">\(facts.state)</span>"
    var body = [
      "<header><h1>\(run.folder.path.escapedForHTML)</h1>\(task)\(state)\(written)</header>",
      "<dl class=\"facts\">\(facts.all.map(card).joined(separator: "\n"))</dl>",
    ]
    for group in panels.groups { body += section(group) }
    if !panels.constants.isEmpty {
      let list = panels.constants.map { "\($0.name.lowercased()) \($0.value)" }.joined(separator: ", ")
      body.append("<p class=\"note\">Constant all along: \(list.escapedForHTML).</p>")
    }
    body += ReportSamples(run.samples).html
    body += [details("Recipe", run.resolved), details("Environment", run.environment)]
    return page(title: run.folder.path, reload: seconds, body)
  }

  /// Writes the page of the run into its folder; `isGoingOn` says whether it does where the caller knows.
  package static func write(
    _ folder: RunFolder, isGoingOn: Bool? = nil, reload seconds: Int? = nil
  ) throws(Failure) {
    var run = try RunRecord(folder)
    run.isGoingOn = isGoingOn ?? run.isGoingOn
    try DurableFile.write(page(run, reload: seconds), to: folder.report)
  }

  // MARK: Pieces

  static func page(title: String, reload seconds: Int? = nil, _ body: [String]) -> String {
    let reload = seconds.map { "\n<meta http-equiv=\"refresh\" content=\"\($0)\">" } ?? ""
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">\(reload)
      <title>\(title.escapedForHTML)</title>
      <style>
      \(ReportStyle.text)
      </style>
      </head>
      <body>
      \(body.joined(separator: "\n"))
      </body>
      </html>

      """
  }

  static func section(_ group: Panels.Group) -> [String] {
    // A chart alone under the same words needs no heading.
    let isAlone = group.charts.count == 1 && group.charts[0].title == group.title
    return (isAlone ? [] : ["<h2>\(group.title.escapedForHTML)</h2>"])
      + ["<div class=\"charts\"\(isAlone ? " style=\"margin-top: 1rem\"" : "")>"]
      + group.charts.map { $0.html(isWide: group.charts.count == 1) } + ["</div>"]
  }

  private static func card(_ fact: RunFacts.Fact) -> String {
    let detail = fact.detail.isEmpty ? "" : "<dd>\(fact.detail.escapedForHTML)</dd>"
    return "<div><dt>\(fact.name)</dt><dd>\(fact.value.escapedForHTML)</dd>\(detail)</div>"
  }

  private static func details(_ title: String, _ value: JSONValue) -> String {
    "<details><summary>\(title)</summary><pre>\(value.serialized(pretty: true).escapedForHTML)</pre></details>"
  }
}
