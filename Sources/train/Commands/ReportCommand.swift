import Files
import Runs

struct ReportCommand: Command {
  static let name = "report"
  static let summary = "Builds a run's report.html from what it has written down"
  static let examples = ["train report checkpoints/tiny"]
  static let operands = "RUN"

  private let path: String

  init(_ arguments: inout Arguments) throws(Failure) { path = try arguments.operand("RUN") }

  func run() throws(Failure) {
    let folder = try RunFolder(existing: path)
    try Report.write(folder)
    Output.results.line(folder.report)
  }
}
