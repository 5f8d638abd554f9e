import Files

/// The failure that `body` ends with; nil when it ends well or with another error.
package func refusal(_ body: () throws -> Void) -> Failure? {
  do {
    try body()
    return nil
  } catch {
    return error as? Failure
  }
}
