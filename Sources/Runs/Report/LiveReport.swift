/// Rewrites the page of a run while it goes on, so that it can be watched in a browser without a server. It takes less than a
/// hundredth of the time.
struct LiveReport {
  private let folder: RunFolder
  private let isWanted: Bool
  private let clock = ContinuousClock()
  private var due: ContinuousClock.Instant
  private static let seconds = 10

  init(_ folder: RunFolder, isWanted: Bool) {
    (self.folder, self.isWanted) = (folder, isWanted)
    due = clock.now + .seconds(Self.seconds)
  }

  /// Writes the page if its time has come, or at once where there is `news`: an evaluation, say, but not twice in a second.
  mutating func update(news: Bool = false) {
    let start = clock.now
    guard isWanted, start >= due || news && start >= due - .seconds(Self.seconds - 1) else { return }
    try? Report.write(folder, isGoingOn: true, reload: Self.seconds)
    let now = clock.now
    due = now + max(.seconds(Self.seconds), (now - start) * 100)
  }

  /// Writes the page as it stays.
  func finish() {
    if isWanted { try? Report.write(folder, isGoingOn: false) }
  }
}
