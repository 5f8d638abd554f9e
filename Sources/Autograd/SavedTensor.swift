/// The operations that read an output which is not kept for the backward pass, because its own operation makes it again there
/// at little cost.
package final class Readers {
  private var waiting: [(Tensor) -> Void] = []

  package init() {}

  /// Whether anybody waits for the output.
  var areWaiting: Bool { !waiting.isEmpty }

  /// Hands the output, made again, to all that wait for it.
  func pass(_ output: Tensor) {
    let readers = waiting
    waiting = []
    for read in readers { read(output) }
  }

  fileprivate func add(_ read: @escaping (Tensor) -> Void) { waiting.append(read) }
}

/// What a pullback needs of an input.
enum SavedTensor {
  case kept(Tensor)
  case madeAgain(Readers)

  /// Runs `body` with the elements: now, or as soon as they have been made again.
  func read(_ body: @escaping (Tensor) -> Void) {
    switch self {
    case .kept(let tensor): body(tensor)
    case .madeAgain(let readers): readers.add(body)
    }
  }
}
