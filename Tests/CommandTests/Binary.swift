import Foundation
import Support

/// The built `train`, run as its users run it.
enum Binary {
  struct Outcome {
    /// The exit code, or 128 and the signal that ended the process.
    var code: Int32
    var results: String
    var log: String
  }

  /// The binary is beside the test bundle that is running.
  static let url = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "train")

  /// Runs `train` with `arguments` in `folder`, with at most `addressSpace` KiB of addresses.
  static func run(
    _ arguments: [String], in folder: ScratchFolder? = nil, environment: [String: String] = [:],
    addressSpace: Int? = nil, under launcher: [String] = [], input: String? = nil
  ) throws -> Outcome {
    let process = try started(
      arguments, in: folder, environment: environment, addressSpace: addressSpace, under: launcher, input: input)
    process.process.waitUntilExit()
    return try process.outcome()
  }

  /// A process that is under way; its outputs go to files, so that it never waits for a reader.
  struct Running {
    var process: Process
    var scratch: ScratchFolder

    func outcome() throws -> Outcome {
      let wasKilled = process.terminationReason == .uncaughtSignal
      return Outcome(
        code: process.terminationStatus + (wasKilled ? 128 : 0),
        results: try scratch.text(of: "results"),
        log: try scratch.text(of: "log"))
    }
  }

  /// Starts it by itself, or by the words of a launcher; `input`, which a pipe has to hold, comes through one.
  static func started(
    _ arguments: [String], in folder: ScratchFolder? = nil, environment: [String: String] = [:],
    addressSpace: Int? = nil, under launcher: [String] = [], input: String? = nil
  ) throws -> Running {
    let scratch = try ScratchFolder()
    let process = Process()
    if let program = launcher.first {
      process.executableURL = URL(filePath: program)
      process.arguments = launcher.dropFirst() + [url.path] + arguments
    } else if let addressSpace {
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments = ["-c", "ulimit -v \(addressSpace) && exec \"$0\" \"$@\"", url.path] + arguments
    } else {
      process.executableURL = url
      process.arguments = arguments
    }
    process.currentDirectoryURL = folder?.url("") ?? FileManager.default.temporaryDirectory
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let input {
      let pipe = Pipe()
      try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
      try pipe.fileHandleForWriting.close()
      process.standardInput = pipe
    } else {
      process.standardInput = FileHandle.nullDevice
    }
    process.standardOutput = try file(scratch.write("", to: "results"))
    process.standardError = try file(scratch.write("", to: "log"))
    try process.run()
    return Running(process: process, scratch: scratch)
  }

  private static func file(_ path: String) throws -> FileHandle { try FileHandle(forWritingTo: URL(filePath: path)) }
}
