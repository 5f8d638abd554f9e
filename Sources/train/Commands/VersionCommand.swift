import Files
import Runs

struct VersionCommand: Command {
  static let name = "version"
  static let summary = "Prints the version"
  static let examples = ["train version"]

  init(_ arguments: inout Arguments) throws(Failure) {}

  func run() throws(Failure) { Output.results.line(Build.version) }
}
