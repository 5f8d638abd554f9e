import Glibc

/// The bytes of a file, mapped read-only: pages come from disk when they are first touched.
///
/// A file that another process cuts short while it is mapped ends this process with SIGBUS on the next access beyond its
/// new end; files that others write belong into `ReadableFile`.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  /// The mapped bytes. They live as long as the `MappedFile`: reach them through `withBytes` where the owner could be
  /// released early.
  package let bytes: UnsafeRawBufferPointer

  package init(_ path: String, area: Failure.Area) throws(Failure) {
    let file = try ReadableFile(path, area: area)
    self.path = path
    if file.count == 0 {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let start = mmap(nil, file.count, PROT_READ, MAP_PRIVATE, file.descriptor, 0)
    guard let start, start != MAP_FAILED else { throw .system(area, "cannot map the file", at: path, errno) }
    bytes = UnsafeRawBufferPointer(start: start, count: file.count)
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }

  package var count: Int { bytes.count }

  package func withBytes<T, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
    try withExtendedLifetime(self) { () throws(E) in try body(bytes) }
  }
}
