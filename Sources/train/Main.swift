import CCommandLine
import Checkpoints
import Files
import Glibc
import Kernels
import Runs

/// The command line: finds the command, runs it, and turns the outcome into the exit code.
@main enum Main {
  static func main() {
    let words = (0..<max(1, ccommandline_count())).map {
      ccommandline_word($0).map(String.init(validatingCString:)) ?? nil
    }
    if words.count == 3, words[1] == ForeignFileProbe.command, let path = words[2] {
      _exit(ForeignFileProbe.child(path: path))
    }
    let own = "/proc/self/exe"
    ForeignFileProbe.executable =
      access(own, X_OK) == 0 ? own : ccommandline_program().map { String(cString: $0) } ?? own
    Output.openMissingStreams()
    StopRequest.ignoreWriteSignals()
    Memory.onExhaustion { bytes in
      let failure = Failure(.resources, "out of memory: \(bytes) more bytes were needed")
      report(failure)
      _exit(failure.exitCode)
    }
    let code: Int32
    do throws(Failure) {
      if let bad = words.firstIndex(of: nil) {
        throw Failure(
          .usage, "argument \(bad) is not UTF-8: \"\(String(cString: ccommandline_word(Int32(bad))))\"",
          notes: ["rename the file, or use a link whose name is UTF-8"])
      }
      try run(words.dropFirst().compactMap { $0 })
      try Output.checkResults()
      code = StopRequest.exitCode ?? 0
    } catch {
      if error.area == .interrupted { Output.log.line(error.what) } else { report(error) }
      code = error.exitCode
    }
    // Not exit(): handlers of libraries would run while worker threads still do.
    fflush(nil)
    _exit(code)
  }

  private static func run(_ words: [String]) throws(Failure) {
    guard let word = words.first else { return Output.results.line(Help.overview) }
    let rest = Array(words.dropFirst())
    switch word {
    case "--help", "-h": return Output.results.line(Help.overview)
    case "--version": return Output.results.line(Build.version)
    default: break
    }
    let type = try Commands.named(word)
    if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
      return Output.results.line(Help.text(of: type))
    }
    var arguments = try Arguments(rest, of: type)
    let command = try type.init(&arguments)
    try arguments.finish()
    try command.run()
  }

  private static func report(_ failure: Failure) {
    var text = failure.description.withVisibleControls
    if Output.log.hasColour {
      for area in Set([failure.area] + failure.others.map(\.area)) {
        let head = "error[\(area.rawValue)]:"
        text = text.split(separator: "\n", omittingEmptySubsequences: false)
          .map { $0.hasPrefix(head) ? "\u{1B}[1;31m\(head)\u{1B}[0m" + $0.dropFirst(head.count) : String($0) }
          .joined(separator: "\n")
      }
    }
    Output.log.styled(text + "\n")
  }
}
