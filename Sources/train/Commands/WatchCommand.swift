import Files
import Glibc
import Runs

struct WatchCommand: Command {
  static let name = "watch"
  static let summary = "Shows a run in the terminal while it goes on"
  static let operands = "RUN"
  static let examples = ["train watch checkpoints/tiny"]
  static let options = [Option.flag("once", "show it as it is now, and end")]
  static let details = [
    "Ends with the run, or with Ctrl-C, which leaves the run alone.",
    "RUN/report.html shows the same in a browser: while the run goes on it is rewritten, and loads itself again.",
  ]

  private let path: String
  private let isOnce: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    path = try arguments.operand("RUN")
    isOnce = arguments.flag("once")
  }

  func run() throws(Failure) {
    let folder = try RunFolder(existing: path)
    let isLive = Output.results.isTerminal && !isOnce
    StopRequest.install()
    var shown = ""
    while true {
      let view = RunView(try RunRecord(folder))
      let size = Output.results.size
      let lines = view.lines(columns: size.columns, rows: size.rows)
      let text = lines.joined(separator: "\n").withVisibleControls
      if !isLive || !view.isGoingOn {
        if isLive { Output.results.styled("\u{1B}[H\u{1B}[2J") }
        return Output.results.line(text)
      }
      // The lines are written over those before, each cleared to its end: nothing flickers.
      if text != shown {
        let rewritten = text.split(separator: "\n", omittingEmptySubsequences: false).map { "\($0)\u{1B}[K" }
        Output.results.styled(
          (shown.isEmpty ? "\u{1B}[2J" : "") + "\u{1B}[H\(rewritten.joined(separator: "\r\n"))\r\n\u{1B}[J")
        shown = text
      }
      for _ in 0..<10 where StopRequest.signal == nil { usleep(100_000) }
      if StopRequest.signal != nil { return }
    }
  }
}
