import CCommandLine
import Checkpoints
import Communication
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
      let failure = Failure(
        .resources, "out of memory: \(bytes) more bytes were needed", notes: Ranks.place.map { [$0] } ?? [])
      // Launchers end a job when one of its processes ends like this.
      Output.unmute()
      report(failure.description)
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
      try Ranks.current.finish()
      code = StopRequest.exitCode ?? 0
    } catch {
      if !Ranks.current.isSolo { Ranks.current.abort(error) }
      if error.area == .interrupted { Output.log.line(error.what) } else { report(error.description) }
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
    case "--help", "-h": return try rest.isEmpty ? Output.results.line(Help.overview) : run(["help"] + rest)
    case "--version": return Output.results.line(Build.version)
    default: break
    }
    let type = try Commands.named(word)
    if type is any RanksCommand.Type {
      try join(isForced: rest.contains("--mpi"))
    } else if let launcher = Ranks.launcher, launcher.rank ?? 0 == 0, !type.operands.isEmpty {
      Output.log.line(
        "note: `train \(word)` does not divide its work: each of the processes that \(launcher.name) has started does all of it"
      )
    }
    if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
      return Output.results.line(Help.text(of: type))
    }
    do throws(Failure) {
      var arguments = try Arguments(rest, of: type)
      let command = try type.init(&arguments)
      try arguments.finish()
      try command.run()
    } catch {
      throw error.told(by: type)
    }
  }

  /// Makes this process one of those that a launcher has started, the first of which has the terminal.
  private static func join(isForced: Bool) throws(Failure) {
    do throws(Failure) {
      try Ranks.join(isForced: isForced) { text in
        Output.unmute()
        report(text)
      }
    } catch {
      // The first one may know less than the others where their number is not known.
      guard let launcher = Ranks.launcher, let count = launcher.count, let rank = launcher.rank, rank > 0 else {
        throw error
      }
      if isEndedByOthers || !launcher.isHeard { Output.mute() }
      var failure = error
      failure.notes.append("on rank \(rank) of \(count)")
      throw failure
    }
    if !Ranks.current.isFirst { Output.mute() }
    try Recipe.Data.shareDay(over: Ranks.current)
  }

  /// Whether what keeps this process out has kept others out as well: the launcher then ends all when one has ended, which the
  /// first one has told the reason of.
  private static var isEndedByOthers: Bool {
    // The launcher's exit code is that of any of its processes: it is to be this failure's.
    StopRequest.install()
    for _ in 0..<20 where StopRequest.signal == nil { usleep(100_000) }
    return StopRequest.signal != nil
  }

  /// Shows the text of a failure.
  private static func report(_ text: String) {
    var text = text.withVisibleControls
    if Output.log.hasColour {
      text = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        guard line.hasPrefix("error["), let end = line.range(of: "]:")?.upperBound else { return String(line) }
        return "\u{1B}[1;31m\(line[..<end])\u{1B}[0m\(line[end...])"
      }.joined(separator: "\n")
    }
    Output.log.styled(text + "\n")
  }
}
