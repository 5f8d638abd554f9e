/// Ends the program unless `condition` holds. This module is compiled with `-Ounchecked`, which takes a `precondition` for
/// granted instead of checking it.
@inline(__always)
func require(
  _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
  if !condition { fatalError(message(), file: file, line: line) }
}
