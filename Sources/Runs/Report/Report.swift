import Files

/// A page about a run, complete in one file: no script, nothing from the network.
package enum Report {
  /// The page as HTML.
  package static func page(_ run: RunRecord) -> String {
    var body = ["<h1>\(run.folder.path.escapedForHTML)</h1>", table(run.summary)]
    body.append("<div class=\"charts\">\(run.charts.map(\.svg).joined(separator: "\n"))</div>")
    let samples = run.samples.suffix(12).reversed()
    if !samples.isEmpty { body.append("<h2>Samples</h2>") }
    body += samples.map(sample)
    body += ["<h2>Recipe</h2>", preformatted(run.resolved), "<h2>Environment</h2>", preformatted(run.environment)]
    return page(title: run.folder.path, body)
  }

  /// Writes the page of the run into its folder.
  package static func write(_ folder: RunFolder) throws(Failure) {
    try DurableFile.write(page(try RunRecord(folder)), to: folder.report)
  }

  // MARK: Pieces

  static func page(title: String, _ body: [String]) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(title.escapedForHTML)</title>
    <style>\(style)</style>
    </head>
    <body>
    \(body.joined(separator: "\n"))
    </body>
    </html>

    """
  }

  static func table(_ rows: [(name: String, value: String)]) -> String {
    let lines = rows.map { "<tr><th>\($0.name.escapedForHTML)</th><td>\($0.value.escapedForHTML)</td></tr>" }
    return "<table>\(lines.joined())</table>"
  }

  private static func sample(_ row: JSONValue) -> String {
    let prompt = row["prompt"]?.string ?? ""
    let text = row["text"]?.string ?? ""
    let step = row["step"]?.integer.map(String.init) ?? "?"
    return """
      <figure><figcaption>step \(step)</figcaption>\
      <blockquote><b>\(prompt.escapedForHTML)</b>\(text.escapedForHTML)</blockquote></figure>
      """
  }

  private static func preformatted(_ value: JSONValue) -> String {
    "<pre>\(value.serialized(pretty: true).escapedForHTML)</pre>"
  }

  private static let style = """
    :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
    body { max-width: 1340px; margin: 2rem auto; padding: 0 1rem; }
    h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
    table { border-collapse: collapse; } th, td { text-align: left; padding: 0.1rem 1rem 0.1rem 0; }
    th { font-weight: normal; opacity: 0.7; } td { font-variant-numeric: tabular-nums; }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 1rem; margin-top: 1rem; }
    svg { width: 100%; height: auto; font-size: 12px; }
    svg text:not([fill]) { fill: currentColor; } svg .title { font-weight: 600; }
    svg .x { text-anchor: middle; } svg .y { text-anchor: end; }
    svg line { stroke: currentColor; opacity: 0.15; } svg polyline { fill: none; stroke-width: 1.5; }
    figure { margin: 1rem 0; } figcaption { opacity: 0.7; }
    blockquote { margin: 0; padding-left: 1rem; border-left: 3px solid #8888; white-space: pre-wrap; }
    pre { overflow-x: auto; }
    """
}
