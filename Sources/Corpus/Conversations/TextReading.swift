/// How the examples of a batch are read.
package enum TextReading: Sendable {
  /// What all of them begin with once, and nothing behind the last trained token.
  case shared
  /// Each for itself, and nothing behind its last trained token.
  case apart
  /// Each for itself and to its end, as it is read alone elsewhere: how long it is tells a model what its tokens are rotated by.
  case whole
}
