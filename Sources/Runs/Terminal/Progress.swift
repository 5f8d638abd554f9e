import Files

/// What a training step shows of itself.
package struct StepReport: Sendable {
  /// The number of steps that are done.
  package var step: Int
  package var loss: Double
  package var learningRate: Double
  package var tokensPerSecond: Double
  /// The share of the measured peak of matrix products, from 0 to 1; nil when it was not measured.
  package var shareOfPeak: Double?
  /// By how much a preference run prefers the chosen answers, and in what share of the pairs; nil for other runs.
  package var preference: (margin: Double, accuracy: Double?)?

  package init(
    step: Int, loss: Double, learningRate: Double, tokensPerSecond: Double, shareOfPeak: Double? = nil,
    preference: (margin: Double, accuracy: Double?)? = nil
  ) {
    self.step = step
    self.loss = loss
    self.learningRate = learningRate
    self.tokensPerSecond = tokensPerSecond
    self.shareOfPeak = shareOfPeak
    self.preference = preference
  }
}

/// The log of a run as it goes: on a terminal one line that is rewritten, otherwise a line every so many steps.
package struct Progress {
  private let steps: Int
  private let every: Int
  private let output: Output
  private let isLive: Bool
  private let clock = ContinuousClock()
  private var first: (step: Int, time: ContinuousClock.Instant)
  private var lastShown: ContinuousClock.Instant?
  private var isLineOpen = false

  /// The progress of a run of `steps` steps that resumes after `step`.
  package init(steps: Int, after step: Int = 0, every: Int, output: Output = .log) {
    self.steps = steps
    self.every = every
    self.output = output
    isLive = output.isTerminal
    first = (step, clock.now)
  }

  /// Shows a step: at most ten times a second on a terminal, else every so many steps and the last one.
  package mutating func show(_ report: StepReport) {
    let now = clock.now
    let isDue = report.step.isMultiple(of: every) || report.step == steps
    if isLive, !isDue, let lastShown, now - lastShown < .milliseconds(100) { return }
    if !isLive, !isDue { return }
    lastShown = now
    let text = Self.line(report, of: steps, remaining: remaining(at: report.step, now))
    if isLive {
      let shown = String(text.prefix(max(20, output.width - 1)))
      output.styled("\r\(output.hasColour ? Self.coloured(shown) : shown)\u{1B}[K")
      isLineOpen = true
    } else {
      output.line(text)
    }
  }

  /// A line of its own above the progress.
  package mutating func note(_ text: String) {
    endLine()
    if output.hasColour { output.styled(Self.coloured(text.withVisibleControls) + "\n") } else { output.line(text) }
  }

  /// A text of lines above the progress whose escape sequences are its own.
  package mutating func styledNote(_ text: String) {
    endLine()
    output.styled(text + "\n")
  }

  /// The line with what matters most in it in bold, and a warning's first word in yellow.
  static func coloured(_ line: String) -> String {
    func styled(_ text: Substring, _ style: String) -> String { "\u{1B}[\(style)m\(text)\u{1B}[0m" }
    if line.hasPrefix("warning:") { return styled(line.prefix(8), "1;33") + line.dropFirst(8) }
    for head in ["validation loss ", "loss "] {
      guard let range = line.firstRange(of: head), line.hasPrefix("step ") else { continue }
      let number = line[range.upperBound...].prefix { $0.isNumber || ".-einfa".contains($0) }
      return line[..<range.upperBound] + styled(number, "1") + line[number.endIndex...]
    }
    return line
  }

  /// Leaves the last line where it is.
  package mutating func endLine() {
    if isLineOpen { output.write("\n") }
    isLineOpen = false
  }

  /// The time the rest takes at the pace so far.
  private func remaining(at step: Int, _ now: ContinuousClock.Instant) -> Duration? {
    guard step > first.step else { return nil }
    let pace = (now - first.time).inSeconds / Double(step - first.step)
    return .seconds(min(1e12, pace * Double(steps - step)))
  }

  /// `step  120/400  loss 2.3456  rate 2.9e-3  16612 tok/s  62% of peak  1m20s left`
  package static func line(_ report: StepReport, of steps: Int, remaining: Duration?) -> String {
    let total = String(steps)
    let step = String(report.step)
    var parts = [
      "step \(String(repeating: " ", count: max(0, total.count - step.count)))\(step)/\(total)",
      "loss \(fixed(report.loss, 4))",
    ]
    if let (margin, accuracy) = report.preference {
      parts.append("margin \(fixed(margin, 4))")
      if let accuracy { parts.append("accuracy \(fixed(accuracy * 100, 0))%") }
    }
    parts += ["rate \(scientific(report.learningRate))", "\(fixed(report.tokensPerSecond, 0)) tok/s"]
    if let share = report.shareOfPeak { parts.append("\(fixed(share * 100, 0))% of peak") }
    if let remaining, report.step < steps { parts.append("\(duration(remaining)) left") }
    return parts.joined(separator: "  ")
  }

  /// Two units at most: `2h05m`, `1m20s`, `7s`.
  package static func duration(_ duration: Duration) -> String {
    let seconds = Int(clamping: duration.components.seconds)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if seconds >= 86400 { return "\(seconds / 86400)d\(two(seconds / 3600 % 24))h" }
    if seconds >= 3600 { return "\(seconds / 3600)h\(two(seconds / 60 % 60))m" }
    return seconds >= 60 ? "\(seconds / 60)m\(two(seconds % 60))s" : "\(seconds)s"
  }

  /// The number with so many digits after the point.
  package static func fixed(_ number: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    guard number.isFinite, abs(number) * scale < 9e15 else { return number.description }
    let rounded = Int((abs(number) * scale).rounded())
    let sign = number < 0 && rounded != 0 ? "-" : ""
    if digits == 0 { return "\(sign)\(rounded)" }
    let fraction = String(rounded % Int(scale))
    return "\(sign)\(rounded / Int(scale)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
  }

  /// Two digits and the power of ten: `2.9e-3`.
  package static func scientific(_ number: Double) -> String {
    guard number.isFinite, number != 0 else { return number.description }
    var (mantissa, exponent) = (abs(number), 0)
    while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    return "\(number < 0 ? "-" : "")\(fixed(mantissa, 1))e\(exponent)"
  }
}
