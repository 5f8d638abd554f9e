/// The operations that read an output which is not kept for the backward pass, because its own operation recomputes it there
/// at little cost.
package final class PendingReaders {
  private var waiting: [(Tensor) -> Void] = []

  package init() {}

  /// Hands the output to all that wait for it; if nobody does, it is not recomputed.
  func pass(_ output: @autoclosure () -> Tensor) {
    guard !waiting.isEmpty else { return }
    let (readers, output) = (waiting, output())
    waiting = []
    for read in readers { read(output) }
  }

  fileprivate func add(_ read: @escaping (Tensor) -> Void) { waiting.append(read) }
}

/// What a pullback needs of an input.
enum SavedTensor {
  case kept(Tensor)
  case recomputed(PendingReaders)

  /// Runs `body` with the elements: now, or as soon as they have been recomputed.
  func read(_ body: @escaping (Tensor) -> Void) {
    switch self {
    case .kept(let tensor): body(tensor)
    case .recomputed(let readers): readers.add(body)
    }
  }
}
