import Foundation

/// The built `train`, run as its users run it.
enum Binary {
  struct Outcome {
    /// The exit code, or 128 and the signal that ended the process.
    var code: Int32
    var results: String
    var log: String
  }

  /// The binary lies beside the test bundle that is running.
  static let url = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "train")

  /// Runs `train` with `arguments` in `folder`, with at most `addressSpace` KiB of addresses.
  static func run(
    _ arguments: [String], in folder: URL = URL(filePath: NSTemporaryDirectory()), environment: [String: String] = [:],
    addressSpace: Int? = nil
  ) throws -> Outcome {
    let process = try started(arguments, in: folder, environment: environment, addressSpace: addressSpace)
    process.process.waitUntilExit()
    return try process.outcome()
  }

  /// A process that is under way; its outputs go to files, so that it never waits for a reader.
  struct Running {
    var process: Process
    var scratch: URL

    func outcome() throws -> Outcome {
      defer { try? FileManager.default.removeItem(at: scratch) }
      let wasKilled = process.terminationReason == .uncaughtSignal
      return Outcome(
        code: process.terminationStatus + (wasKilled ? 128 : 0),
        results: try String(contentsOf: scratch.appending(path: "results"), encoding: .utf8),
        log: try String(contentsOf: scratch.appending(path: "log"), encoding: .utf8))
    }
  }

  static func started(
    _ arguments: [String], in folder: URL, environment: [String: String] = [:], addressSpace: Int? = nil
  ) throws -> Running {
    let scratch = try scratchFolder()
    let process = Process()
    if let addressSpace {
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments = ["-c", "ulimit -v \(addressSpace) && exec \"$0\" \"$@\"", url.path] + arguments
    } else {
      process.executableURL = url
      process.arguments = arguments
    }
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try file(scratch.appending(path: "results"))
    process.standardError = try file(scratch.appending(path: "log"))
    try process.run()
    return Running(process: process, scratch: scratch)
  }

  /// A new empty folder.
  static func scratchFolder() throws -> URL {
    let folder = URL(filePath: NSTemporaryDirectory()).appending(path: "train-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  private static func file(_ url: URL) throws -> FileHandle {
    try Data().write(to: url)
    return try FileHandle(forWritingTo: url)
  }
}
