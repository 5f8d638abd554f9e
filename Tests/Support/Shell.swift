import Foundation

/// The shell, for what a test needs of other programs.
package enum Shell {
  /// Runs `command` with `arguments` as `$0`, `$1` and so on, and returns its exit code.
  ///
  /// A program that a test wants to start is made by it: a file that this process writes stays open for writing in every
  /// child that another test starts meanwhile, and as long as it is, it cannot be run ("text file busy").
  @discardableResult
  package static func run(
    _ command: String, _ arguments: [String] = [], in folder: ScratchFolder? = nil
  ) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command] + arguments
    process.currentDirectoryURL = folder?.url("")
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
