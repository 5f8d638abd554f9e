import Checkpoints
import Files
import Foundation
import Support
import Testing

/// A command in a folder of its own, what must be there when it has ended well, and how a user goes on when it has not.
struct FaultScenario: Sendable {
  var name: String
  /// The folder before the command; each trial works in a copy.
  var template: ScratchFolder
  var arguments: [String]
  /// What is looked at afterwards: folders and files.
  var results: [String]
  /// The folder of the run, for commands that train.
  var run: String?
  /// What the command leaves where nothing goes wrong.
  private(set) var expected: [String: String] = [:]
  private(set) var expectedOutput = ""

  init(_ name: String, _ template: ScratchFolder, _ arguments: [String], results: [String], run: String? = nil) throws {
    (self.name, self.template, self.arguments, self.results, self.run) = (name, template, arguments, results, run)
    let folder = try copy()
    let outcome = try Binary.run(arguments, in: folder)
    #expect(outcome.code == 0, "\(name): \(outcome.log)")
    expected = try state(folder)
    expectedOutput = outcome.results
  }

  func copy() throws -> ScratchFolder {
    let folder = try ScratchFolder(inMemory: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: template.path) {
      try FileManager.default.copyItem(atPath: template(name), toPath: folder(name))
    }
    return folder
  }

  /// How many calls of the kinds `calls` the command makes.
  func count(_ calls: String) throws -> Int {
    let folder = try copy()
    let log = try ScratchFolder()
    let environment = ["FAULT_CALLS": calls, "FAULT_LOG": log("log"), "LD_PRELOAD": FaultShim.library ?? ""]
    _ = try Binary.run(arguments, in: folder, environment: environment)
    return try log.text(of: "log").count { $0 == "\n" }
  }

  // MARK: A trial

  /// Runs the command with `fault`, goes on as a user would, and compares with what an undisturbed command leaves.
  func tryOut(_ fault: Fault) throws {
    let folder = try copy()
    let outcome = try Binary.run(arguments, in: folder, environment: fault.environment)
    let what: Comment = "\(name), \(fault): \(outcome.code) \(outcome.log)"
    switch fault.action {
    case .kill, .half: #expect(outcome.code == 128 + SIGKILL || outcome.code == 0, what)
    case .short, .error(EINTR): #expect(outcome.code == 0, what)
    case .error, .lasting: #expect([0, 6].contains(outcome.code), what)
    }
    if outcome.code == 6 { #expect(outcome.log.contains("error[resources]: ") && outcome.log.contains("  --> "), what) }
    if outcome.code == 0 { #expect(outcome.results == expectedOutput, what) }
    let isWarned = outcome.log.contains("the run goes on without it")
    try goOn(in: folder, after: outcome, what)
    var (found, expected) = (try state(folder), expected)
    // A row that could not be written was said to be missing.
    if isWarned { for log in ["metrics.jsonl", "samples.jsonl"] { (found[log], expected[log]) = (nil, nil) } }
    #expect(Self.differences(found, expected) == [], what)
  }

  /// What a user does next: resumes a run, or gives the same command again.
  func goOn(in folder: ScratchFolder, after outcome: Binary.Outcome?, _ what: Comment) throws {
    if outcome?.code == 0 { return }
    // A run that it was to replace may still be there.
    let resolved = run.flatMap { try? ReadableFile.contents(of: folder("\($0)/resolved.json"), area: .data) }
    let isStarted = resolved.map { Digest.sha256($0) } == expected["resolved.json"]
    if let run, isStarted {
      let resumed = try Binary.run(["resume", run], in: folder)
      if resumed.code == 0 { return }
      #expect(resumed.code == 2, "\(what)\nresume: \(resumed.code) \(resumed.log)")
    }
    let again = try Binary.run(arguments, in: folder)
    // What was killed after its last act has done its work.
    let isDone = again.code == 2 && again.log.contains("there is something already")
    #expect(again.code == 0 || isDone, "\(what)\nagain: \(again.code) \(again.log)")
  }

  // MARK: The results

  /// Every file of the results by its name, as a digest; times and arguments are left out.
  func state(_ folder: ScratchFolder) throws -> [String: String] {
    var found: [String: String] = [:]
    for result in results {
      guard let root = try? FileManager.default.attributesOfItem(atPath: folder(result)) else { continue }
      if root[.type] as? FileAttributeType != .typeDirectory {
        found[result] = Digest.sha256(try ReadableFile.contents(of: folder(result), area: .data))
        continue
      }
      for name in try folder.names(below: result) {
        let path = folder("\(result)/\(name)")
        if name.contains(".trash-") { continue }
        if let target = Folder.target(ofLink: path) {
          found[name] = "-> \(target)"
        } else if name.hasPrefix(".cache/") {
          // Keys depend on where the files are and when they were changed.
          let words = name.split(separator: "/")
          guard words.count > 3 || words[1] == "tokenizers", !Folder.exists(path) else { continue }
          found["\(words[1])/\(words.last!)"] = try contents(path, name)
        } else if !Folder.exists(path), let contents = try contents(path, name) {
          found[name] = contents
        } else if Folder.exists(path) {
          // What could not be deleted is deleted by the next command.
          if !name.contains(".trash-") { found[name] = "folder" }
        }
      }
    }
    return found
  }

  /// What identifies a file's contents; nil for one that does not matter.
  private func contents(_ path: String, _ name: String) throws -> String? {
    let bytes = try ReadableFile.contents(of: path, area: .data)
    switch name.split(separator: "/").last.map(String.init) ?? name {
    case ".lock", "report.html": return nil
    case "environment.json": return "there"
    // Says when the source was changed, and a copy is another file.
    case "index.json": return "there"
    case "metrics.jsonl":
      let rows = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line -> String in
        // A torn row is compared as it is.
        guard var row = try? JSONValue.parse(Array(line.utf8), source: path, area: .data) else { return String(line) }
        for key in ["tokens_per_second", "time"] { row[key] = JSONValue?.none }
        return row.serialized()
      }
      return rows.joined(separator: "\n")
    case "samples.jsonl": return String(decoding: bytes, as: UTF8.self)
    default: return Digest.sha256(bytes)
    }
  }

  static func differences(_ one: [String: String], _ other: [String: String]) -> [String] {
    Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }.sorted().map { name in
      "\(name): \(one[name] ?? "missing") instead of \(other[name] ?? "nothing")"
    }
  }
}
