import Files
import Runs

/// What a run has come to, for machines.
enum RunResult {
  /// Writes one object: the run's folder, and the figures that its files hold.
  static func write(_ path: String) throws(Failure) {
    let record = try RunRecord(try RunFolder(existing: path))
    let members = [JSONMember("run", JSONValue(record.folder.path))] + record.figures
    Output.results.line(JSONValue(members).serialized())
  }
}
