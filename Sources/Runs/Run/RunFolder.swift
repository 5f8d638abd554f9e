import Checkpoints
import Corpus
import Files
import Foundation
import Glibc
import Kernels
import Tokenizers

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
  /// Is there from before the first file of an earlier run is deleted until the last one of the new run is written, so that
  /// a folder whose start was cut off is known for what it is.
  private var unfinished: String { "\(path)/.unfinished" }

  // MARK: Opening

  /// The folder at `path` for a process that writes nothing into it and asks nothing about it.
  init(writtenByOthers path: String) { self.path = Self.trimmed(path) }

  /// The folder of an existing run.
  ///
  /// - Throws: `.usage` when there is no run at `path`.
  package init(existing path: String) throws(Failure) {
    self.path = Self.trimmed(path)
    guard Path.exists(resolved) else {
      if Path.exists(unfinished) {
        throw Failure(
          .usage, "the start of this run was cut off", at: path,
          notes: ["start it again: `train run RECIPE --overwrite`"])
      }
      throw Failure(
        .usage, "no run is here", at: path,
        notes: [Self.missing(at: self.path)])
    }
  }

  /// Why a path is none of a run's.
  private static func missing(at path: String) -> String {
    guard Path.exists(path) else { return "the folder does not exist" }
    let parent = Folder.parent(of: path)
    if Path.exists(RunFolder(writtenByOthers: parent).resolved) {
      return "it belongs to the run in \(parent): `train resume \(parent)`"
    }
    if Folder.exists(path) { return "the folder has no resolved.json" }
    return "it is a file" + (path.hasSuffix(".json") ? ": `train run \(path)` runs a recipe" : "")
  }

  /// Creates the folder of a new run, or takes an empty one. An existing run is never overwritten, unless
  /// `overwrite`, which `start` then does once the caller holds the folder's lock.
  ///
  /// - Throws: `.usage` when the folder cannot be used, `.resources` when it cannot be made.
  package init(creating path: String, overwrite: Bool) throws(Failure) {
    self.path = Self.trimmed(path)
    if path.split(separator: "/").contains("..") {
      let meant = URL(filePath: path).standardizedFileURL.path
      throw Failure(
        .usage, "a run folder's path has no \"..\"", at: path,
        notes: ["resuming and comparing need one name for it: run=\(meant)"])
    }
    if path == "~" || path.hasPrefix("~/") {
      let meant = "\(FileManager.default.homeDirectoryForCurrentUser.path)\(path.dropFirst())"
      throw Failure(
        .usage, "a run folder's path has no \"~\"", at: path,
        notes: ["a shell replaces it, and only where a word begins: run=\(meant)"])
    }
    try Self.checkIsNoFile(self.path)
    try Folder.create(self.path)
    try check(overwrite: overwrite)
  }

  /// Throws `.usage` unless a run may start here: the folder is empty, or its start was cut off before a step was taken, or
  /// it holds a run and `overwrite` is wanted.
  func check(overwrite: Bool) throws(Failure) {
    let names = try Folder.names(in: path, area: .resources).filter { $0 != RunLock.name }
    if names.isEmpty { return }
    let isRun = Path.exists(resolved)
    let isUnfinished = !isRun && Path.exists(unfinished)
    if isUnfinished, !names.contains(where: { $0.hasPrefix("step-") }) { return }
    if !overwrite {
      throw Failure(
        .usage, "the run folder is not empty", at: path,
        notes: [
          isUnfinished ? "an earlier run was being deleted from it" : "`train resume \(path)` continues the run",
          "run=FOLDER gives another folder", "--overwrite deletes the run that is there",
        ])
    }
    if !isRun, !isUnfinished {
      throw Failure(
        .usage, "the folder holds something else than a run, which --overwrite does not delete", at: path,
        notes: ["found \(names.prefix(5).joined(separator: ", "))", "give another with run=FOLDER"])
    }
  }

  /// Removes the folder of a run that has been refused before it began, if it holds nothing but the lock; the folder around it
  /// too, if that was made for it and is empty.
  func removeIfEmpty(withParent: Bool) {
    func names(_ path: String) -> [String]? { try? Folder.names(in: path, area: .resources) }
    guard let left = names(path), left.allSatisfy({ $0 == RunLock.name }) else { return }
    try? Folder.remove(path)
    let parent = Folder.parent(of: path)
    if withParent, names(parent)?.isEmpty == true { try? Folder.remove(parent) }
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

  /// Deletes what an earlier run has left and writes the files of the new one: recipe.json, environment.json and
  /// tokenizer.json, and resolved.json last, which makes the folder a run. Wherever it is cut off, `check` knows the folder
  /// again. The caller holds the folder's lock.
  package func start(
    _ recipe: Recipe, environment details: [JSONMember] = [], tokenizer: Tokenizer? = nil
  ) throws(Failure) {
    let marker = unfinished
    let descriptor = SystemCall.retrying { open(marker, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666) }
    if descriptor < 0 { throw .system(.resources, "cannot create the file", at: marker, errno) }
    _ = SystemCall.close(descriptor)
    try Folder.synchronize(path)
    try clear()
    if let tokenizer { try DurableFile.write(tokenizer.json(), to: self.tokenizer) }
    try write(recipe, environment: details)
    try Folder.remove(marker)
    try Folder.synchronize(path)
  }

  /// Deletes the files of an earlier run, and nothing else in the folder: resolved.json first, so that what is left is no
  /// run.
  private func clear() throws(Failure) {
    try Folder.remove(resolved)
    try Folder.synchronize(path)
    let own: Set = [
      "recipe.json", "environment.json", "metrics.jsonl", "samples.jsonl", "report.html", "tokenizer.json", "latest",
      "best",
    ]
    let prefixes = ["events.out.tfevents.", "step-", ".tmp-", ".trash-", "failure-step-"]
    for name in try Folder.names(in: path, area: .resources)
    where own.contains(name) || prefixes.contains(where: name.hasPrefix) || CheckpointStore.isLeftover(name) {
      try Folder.remove("\(path)/\(name)")
    }
  }

  /// Writes recipe.json, environment.json and resolved.json, which the others do not contradict at any moment.
  package func write(_ recipe: Recipe, environment details: [JSONMember] = []) throws(Failure) {
    try DurableFile.write(recipe.text, to: self.recipe)
    try DurableFile.write(Self.environment(recipe, details).serialized(pretty: true) + "\n", to: environment)
    try DurableFile.write(recipe.resolved.serialized(pretty: true) + "\n", to: resolved)
  }

  /// Ends a start that was cut off after its last file, and writes the files that are missing beside resolved.json.
  func complete(_ recipe: Recipe, environment details: [JSONMember], tokenizer: Tokenizer?) throws(Failure) {
    try Folder.remove(unfinished)
    if !Path.exists(self.recipe) { try DurableFile.write(recipe.text, to: self.recipe) }
    if !Path.exists(environment) {
      try DurableFile.write(Self.environment(recipe, details).serialized(pretty: true) + "\n", to: environment)
    }
    if let tokenizer, !Path.exists(self.tokenizer) { try DurableFile.write(tokenizer.json(), to: self.tokenizer) }
  }

  /// Where the batches of a step that failed are.
  func batches(failedAt step: Int) -> String { "\(path)/failure-step-\(step).jsonl" }

  /// Writes down the batches of a step that failed, one row of tokens a line; the result is where, or nil if that failed too.
  func write(_ batches: [Batch], failedAt step: Int) -> String? {
    let path = self.batches(failedAt: step)
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
    try Folder.remove(path)
  }

  /// The recipe of the run, every default filled in as it was then, with `overrides`.
  package func resolvedRecipe(overrides: [RecipeOverride] = []) throws(Failure) -> Recipe {
    do {
      let bytes = try ReadableFile.contents(of: resolved, area: .checkpoint, limit: 1 << 24)
      return try Recipe(try broughtUpToDate(bytes), source: resolved, overrides: overrides)
    } catch {
      if !overrides.isEmpty { throw error }
      var failure = error
      failure.area = .checkpoint
      throw failure
    }
  }

  /// The recipe as this version writes it. Earlier ones filled in defaults for every preference loss, whether it reads them or not,
  /// and took more threads than there can be, of which they used as many as there can be.
  private func broughtUpToDate(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
    let document = try JSONValue.parse(bytes, source: resolved, area: .recipe)
    var changed = document
    if let threads = document["threads"]?.integer, (Parallel.mostThreads...1024).contains(threads) {
      changed["threads"] = JSONValue(Parallel.mostThreads)
    }
    let defaults: [(key: String, value: Double)] = [("label_smoothing", 0), ("simpo_gamma", 0.5), ("cpo_alpha", 1)]
    if var objective = document["objective"], defaults.allSatisfy({ objective[$0.key] != nil }) {
      for (key, value) in defaults where objective[key]?.double == value { objective[key] = JSONValue?.none }
      changed["objective"] = objective
    }
    return changed == document ? bytes : changed.serializedBytes()
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
