import Corpus
import Files
import Foundation
import Glibc

/// The folder of a run: what was asked for, where it ran, what it measured, and its checkpoints.
///
/// ```
/// recipe.json  resolved.json  environment.json  metrics.jsonl  samples.jsonl  events.out.tfevents.*  report.html
/// tokenizer.json  step-000400/  latest  best
/// ```
package struct RunFolder: Sendable, Equatable {
  package let path: String

  package var recipe: String { "\(path)/recipe.json" }
  package var resolved: String { "\(path)/resolved.json" }
  package var environment: String { "\(path)/environment.json" }
  package var metrics: String { "\(path)/metrics.jsonl" }
  package var samples: String { "\(path)/samples.jsonl" }
  package var report: String { "\(path)/report.html" }
  package var tokenizer: String { "\(path)/tokenizer.json" }
  package var lock: String { "\(path)/.lock" }

  // MARK: Opening

  /// The folder of an existing run.
  ///
  /// - Throws: `.usage` when there is no run at `path`.
  package init(existing path: String) throws(Failure) {
    self.path = Self.trimmed(path)
    guard Path.exists(resolved) else {
      throw Failure(
        .usage, "no run is here", at: path,
        notes: [Folder.exists(path) ? "the folder has no resolved.json" : "the folder does not exist"])
    }
  }

  /// Creates the folder of a new run, or takes an empty one. An existing run is never overwritten, unless
  /// `overwrite`, which `clear` then does once the caller holds the folder's lock.
  ///
  /// - Throws: `.usage` when the folder cannot be used, `.resources` when it cannot be made.
  package init(creating path: String, overwrite: Bool) throws(Failure) {
    self.path = Self.trimmed(path)
    if path.split(separator: "/").contains("..") {
      throw Failure(.usage, "a run folder's path has no \"..\"", at: path, notes: ["give another with run=FOLDER"])
    }
    try Self.checkIsNoFile(self.path)
    try Folder.create(self.path)
    let names = try Folder.names(in: self.path, area: .resources).filter { $0 != ".lock" }
    if names.isEmpty { return }
    if !overwrite {
      throw Failure(
        .usage, "the run folder is not empty", at: path,
        notes: [
          "`train resume \(path)` continues the run", "run=FOLDER gives another folder",
          "--overwrite deletes the run that is there",
        ])
    }
    if !Path.exists(resolved) {
      throw Failure(
        .usage, "the folder holds something else than a run, which --overwrite does not delete", at: path,
        notes: ["found \(names.prefix(5).joined(separator: ", "))", "give another with run=FOLDER"])
    }
  }

  /// Refuses a file, a link to nothing, a loop of links, and a path that leads through a file.
  private static func checkIsNoFile(_ path: String) throws(Failure) {
    var status = stat()
    let number = stat(path, &status) == 0 ? 0 : errno
    if number == 0, status.st_mode & S_IFMT == S_IFDIR { return }
    if number == ENOENT, !Path.exists(path) { return }
    if ![0, ENOENT, ELOOP, ENOTDIR].contains(number) { return }
    throw Failure(
      .usage, number == 0 ? "the run folder is a file" : "the run folder's path leads nowhere", at: path,
      notes: (number == 0 ? [] : [String(cString: strerror(number))]) + ["give another with run=FOLDER"])
  }

  private static func trimmed(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  // MARK: Writing

  /// Deletes the files of an earlier run, and nothing else in the folder.
  package func clear() throws(Failure) {
    let own: Set = [
      "recipe.json", "resolved.json", "environment.json", "metrics.jsonl", "samples.jsonl", "report.html",
      "tokenizer.json", "latest", "best",
    ]
    let prefixes = ["events.out.tfevents.", "step-", ".tmp-", ".trash-", "failure-step-"]
    for name in try Folder.names(in: path, area: .resources) {
      guard own.contains(name) || prefixes.contains(where: name.hasPrefix) else { continue }
      do {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
      } catch {
        throw Failure(.resources, "cannot delete what an earlier run has left", at: "\(path)/\(name)")
      }
    }
  }

  /// Writes recipe.json, resolved.json and environment.json. A folder that cannot be written is thus found before the
  /// first step.
  package func write(_ recipe: Recipe, environment details: [JSONMember] = []) throws(Failure) {
    try DurableFile.write(recipe.text, to: self.recipe)
    try DurableFile.write(recipe.resolved.serialized(pretty: true) + "\n", to: resolved)
    try DurableFile.write(Self.environment(recipe, details).serialized(pretty: true) + "\n", to: environment)
  }

  /// Writes down the batches of a step that failed, one row of tokens a line; the result is where, or nil if that failed too.
  func write(_ batches: [Batch], failedAt step: Int) -> String? {
    let path = "\(path)/failure-step-\(step).jsonl"
    let rows = batches.flatMap { batch in
      (0..<batch.rows).map { row -> String in
        let tokens = batch.tokens[row * batch.columns..<(row + 1) * batch.columns]
        return JSONValue([JSONMember("input_ids", JSONValue(tokens.map { JSONValue(Int($0)) }))]).serialized() + "\n"
      }
    }
    return (try? DurableFile.write(rows.joined(), to: path)).map { path }
  }

  /// Finds out before the first step whether the folder takes files; a run that resumes has nothing else to write.
  package func probe() throws(Failure) {
    let path = "\(path)/.probe"
    try DurableFile.write([UInt8](repeating: 0, count: 4096), to: path)
    unlink(path)
  }

  /// The recipe of the run, every default filled in as it was then, with `overrides`.
  package func resolvedRecipe(overrides: [RecipeOverride] = []) throws(Failure) -> Recipe {
    do {
      return try Recipe(
        try ReadableFile.contents(of: resolved, area: .checkpoint, limit: 1 << 24), source: resolved,
        overrides: overrides)
    } catch {
      if !overrides.isEmpty { throw error }
      var failure = error
      failure.area = .checkpoint
      throw failure
    }
  }

  private static func environment(_ recipe: Recipe, _ details: [JSONMember]) -> JSONValue {
    let members: JSONValue = [
      "version": JSONValue(Build.version),
      "started": JSONValue(ISO8601DateFormatter().string(from: Date())),
      "arguments": JSONValue(CommandLine.arguments.map { JSONValue($0) }),
      "working_folder": JSONValue(FileManager.default.currentDirectoryPath),
      "overrides": JSONValue(recipe.overrides.map { JSONValue($0.description) }),
      "machine": MachineReport.json,
    ]
    return JSONValue((members.object ?? []) + details)
  }
}
