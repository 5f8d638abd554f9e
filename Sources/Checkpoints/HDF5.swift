import CHDF5
import Files
import Foundation

/// The one door to libhdf5: one lock around every call, errors as text, and no work left for the process's exit.
package enum HDF5 {
  /// libhdf5 keeps global state; the lock is recursive so that a handle can be closed under it.
  private static let lock = NSRecursiveLock()

  private static let started: Failure? = start()

  /// Runs `body` with the library to itself.
  package static func exclusively<T: ~Copyable>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
    lock.lock()
    defer { lock.unlock() }
    if let failure = started { throw failure }
    // Without this the library prints its errors. The setting belongs to the thread.
    H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
    return try body()
  }

  /// Does `body` again while a signal interrupts a call of the operating system in it, which the library takes for an error.
  static func retryingInterrupted<T: ~Copyable>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
    for _ in 0..<20 {
      do throws(Failure) { return try body() } catch { if !error.notes.contains(interrupted) { throw error } }
    }
    return try body()
  }

  private static let interrupted = "HDF5: \(String(cString: strerror(EINTR)))"

  /// Closes an object from any thread.
  static func close(_ id: hid_t, _ closing: (hid_t) -> herr_t) -> herr_t {
    lock.lock()
    defer { lock.unlock() }
    return closing(id)
  }

  /// The library's version, `1.10.8`.
  static func version() throws(Failure) -> String {
    try exclusively { () throws(Failure) in
      let (major, minor, release) = loadedVersion()
      return "\(major).\(minor).\(release)"
    }
  }

  private static func start() -> Failure? {
    // The library's exit handler touches files whose writing failed and crashes; everything is closed explicitly
    // instead. It must be the first call. Nor may a file make the library load code.
    H5dont_atexit()
    H5PLset_loading_state(0)
    let (major, minor, release) = loadedVersion()
    if major == UInt32(H5_VERS_MAJOR), minor == UInt32(H5_VERS_MINOR) { return nil }
    return Failure(
      .resources, "libhdf5 is not the version this program was built for",
      notes: [
        "expected \(H5_VERS_MAJOR).\(H5_VERS_MINOR), found \(major).\(minor).\(release)",
        "rebuild, with libhdf5-dev of the same version",
      ])
  }

  private static func loadedVersion() -> (UInt32, UInt32, UInt32) {
    var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
    H5get_libversion(&major, &minor, &release)
    return (major, minor, release)
  }
}

/// The file that HDF5 calls work on; it turns their results into values and failures.
struct HDF5Place {
  let path: String
  /// What a failing call means: `.resources` while writing, the kind of file while reading.
  let area: Failure.Area

  /// A handle from a call that makes one.
  func handle(
    _ id: hid_t, _ what: String, close: @escaping @convention(c) (hid_t) -> herr_t
  ) throws(Failure) -> HDF5Handle {
    if id < 0 { throw failure(what) }
    return HDF5Handle(id, closing: close)
  }

  /// Closes what was written to; this is where a full disk shows.
  func close(_ handle: consuming HDF5Handle, _ what: String) throws(Failure) {
    try check(handle.close(), what)
  }

  /// Throws when a call returned an error.
  func check(_ status: herr_t, _ what: String) throws(Failure) {
    if status < 0 { throw failure(what) }
  }

  /// A failure with the reason the library gives for its last error.
  func failure(_ what: String) -> Failure {
    let reason = Self.lastError()
    let lacking = Failure.machineErrors.contains { reason.contains("errno = \($0),") }
    return Failure(lacking ? .resources : area, what, at: path, notes: ["HDF5: \(Self.shortened(reason))"])
  }

  /// The innermost entry of the thread's error stack.
  private static func lastError() -> String {
    var entries: [String] = []
    withUnsafeMutablePointer(to: &entries) { entries in
      _ = H5Ewalk2(
        hid_t(H5E_DEFAULT), H5E_WALK_UPWARD,
        { _, entry, entries in
          guard let text = entry?.pointee.desc else { return 0 }
          entries?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: text))
          return 0
        }, entries)
    }
    return entries.first ?? "no reason given"
  }

  /// `No space left on device` from `file write failed: time = ..., error message = 'No space left on device', ...`.
  private static func shortened(_ reason: String) -> String {
    guard let start = reason.range(of: "error message = '"),
      let end = reason[start.upperBound...].firstIndex(of: "'")
    else { return reason }
    return String(reason[start.upperBound..<end])
  }
}

/// An HDF5 object that is open.
///
/// Errors of writing surface when objects are closed, so a writer closes them through `HDF5Place.close`; `deinit`
/// covers the exit after another error.
struct HDF5Handle: ~Copyable {
  let id: hid_t
  private let closing: @convention(c) (hid_t) -> herr_t

  init(_ id: hid_t, closing: @escaping @convention(c) (hid_t) -> herr_t) {
    self.id = id
    self.closing = closing
  }

  deinit { _ = HDF5.close(id, closing) }

  fileprivate consuming func close() -> herr_t {
    let status = HDF5.close(id, closing)
    discard self
    return status
  }
}
