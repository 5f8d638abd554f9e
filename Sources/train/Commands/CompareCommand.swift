import Files
import Runs

struct CompareCommand: Command {
  static let name = "compare"
  static let summary = "Lays the curves of runs over each other and shows where their recipes differ"
  static let examples = [
    "train compare checkpoints/a checkpoints/b",
    "train compare checkpoints/a checkpoints/b --out curves.html",
    "train compare checkpoints/base checkpoints/tuned --data questions.jsonl --show 3",
  ]
  static let operands = "RUN RUN ..."
  static let options =
    [
      Option.value("out", "FILE", "write a page with the curves over each other; a folder gets comparison.html"),
      Option.json,
    ] + ModelComparison.options
  static let details = ModelComparison.details

  private let paths: [String]
  /// Where the page is to be written; nil if none is wanted.
  private let page: String?
  private let isJSON: Bool
  /// What is compared instead of runs' logs.
  private let models: ModelComparison?

  init(_ arguments: inout Arguments) throws(Failure) {
    page = arguments.string("out").map(Path.withHome)
    isJSON = arguments.flag("json")
    models = try ModelComparison(arguments)
    if models != nil, page != nil {
      throw arguments.failure("--out is for the curves of runs: models that are compared on --data have none")
    }
    paths = [try arguments.operand("RUN"), try arguments.operand("RUN")] + arguments.rest()
  }

  func run() throws(Failure) {
    if let models { return try models.run(paths, isJSON: isJSON) }
    var runs: [RunRecord] = []
    for path in paths { runs.append(try record(of: path)) }
    let comparison = Comparison(runs)
    let differences = comparison.differences
    if isJSON {
      Output.results.line(json(comparison).serialized())
    } else {
      Output.results.line(CompareCommand.aligned(comparison.figures))
      if !differences.isEmpty {
        let rows = differences.map { [$0.path] + $0.values.map { $0 ?? "-" } }
        Output.results.line("\n" + CompareCommand.aligned([["recipe"] + runs.map(\.folder.path)] + rows))
      }
    }
    guard let page else { return Output.log.line("--out FILE writes a page with the curves over each other") }
    try write(comparison.page, to: page)
  }

  /// Writes the page, in the place of an earlier one, of an empty file or of nothing.
  private func write(_ text: String, to path: String) throws(Failure) {
    var page = path
    if page.hasSuffix("/") { page += "comparison.html" } else if Folder.exists(page) { page += "/comparison.html" }
    if Path.exists(page), try !isReplaceable(page) {
      throw Failure(
        .usage, "what is there is no page, and is not replaced by one", at: page,
        notes: ["give another name: --out FILE"])
    }
    try Folder.create(Folder.parent(of: page))
    try DurableFile.write(text, to: page)
    Output.log.line("the curves are in \(page)")
  }

  /// Whether the file is a page or empty; as much of it is read as tells.
  private func isReplaceable(_ page: String) throws(Failure) -> Bool {
    let beginning = Array("<!DOCTYPE html>".utf8)
    let file = try ReadableFile(page, area: .usage)
    let head = try file.read(min(beginning.count, file.count), at: 0)
    return head.isEmpty || head == beginning
  }

  /// - Throws: `.usage` where no run is; other models have no curves.
  private func record(of path: String) throws(Failure) -> RunRecord {
    do throws(Failure) {
      return try RunRecord(try RunFolder(existing: path))
    } catch {
      var failure = error
      if error.area == .usage, Path.exists(path) {
        failure.notes.append("models that are no runs are compared on data: `train compare MODEL MODEL --data FILE`")
      }
      throw failure
    }
  }

  private func json(_ comparison: Comparison) -> JSONValue {
    let runs = comparison.runs.map { run in
      JSONValue(
        [JSONMember("run", JSONValue(run.folder.path))] + run.figures)
    }
    let differences = comparison.differences.map { difference in
      JSONMember(difference.path, JSONValue(difference.values.map { $0.map { JSONValue($0) } ?? .null }))
    }
    return ["runs": JSONValue(runs), "differences": JSONValue(differences)]
  }

  /// The rows with aligned columns.
  static func aligned(_ rows: [[String]]) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let last = row.count - 1
      return row.indices.map { $0 == last ? row[$0] : row[$0].padded(to: widths[$0]) }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
