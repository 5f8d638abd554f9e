import Files
import Foundation
import Machine
import Synchronization

/// Reads an HDF5 file of unknown origin in a process that may crash.
///
/// libhdf5 1.10 is known to crash or hang on malicious files. A file whose structures a child process has read with the same
/// code can be opened here; libhdf5 does not read the arrays themselves, see `ChunkReader`.
package enum ForeignFileProbe {
  /// The command under which the program's own binary becomes the child.
  package static let command = "__probe-h5"

  private static let program = Mutex<String?>(nil)

  /// The program that `open` starts as the child; nil, and no probing, until the command line sets it.
  package static var executable: String? {
    get { program.withLock { $0 } }
    set { program.withLock { $0 = newValue } }
  }

  private static let memoryLimit = 2 << 30

  // MARK: The child

  /// Reads the structures of the file at `path`; the exit code of the child process. A refusal is written to standard error.
  package static func child(path: String) -> Int32 {
    do throws(Failure) {
      // On top of what is taken already, which under a sanitizer are terabytes.
      limit(RLIMIT_AS, to: SystemMemory.addresses + memoryLimit)
      limit(RLIMIT_CPU, to: Int(seconds(for: try ReadableFile(path, area: .checkpoint).count)))
      _ = try ArrayFile(path, isProbed: true)
      return 0
    } catch {
      let text = ([error.what] + error.notes).joined(separator: "\n")
      _ = text.withCString { write(STDERR_FILENO, $0, min(strlen($0), messageLimit)) }
      return error.exitCode
    }
  }

  private static func limit(_ resource: __rlimit_resource, to value: Int) {
    var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
    setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
  }

  /// The processor time that reading a file of `size` bytes may take.
  private static func seconds(for size: Int) -> Double { 3 + Double(size) / 1e8 }

  // MARK: The parent

  /// Opens a file that this process has not written itself, after a child process has opened it. That a manifest beside
  /// it fits proves nothing: whoever made the file may have made the manifest.
  package static func open(_ path: String, executable: String? = executable) throws(Failure) -> ArrayFile {
    guard let executable else { return try ArrayFile(path) }
    try run(path: path, executable: executable)
    return try ArrayFile(path, isProbed: true)
  }

  private static let messageLimit = 4096

  /// Throws unless a child process, which is `executable` called with `command` and `path`, can open the file at `path`.
  ///
  /// The child has 2 GiB of memory, and of processor time three seconds plus one for every 100 MB of the file; a slow disk
  /// has longer.
  package static func run(path: String, executable: String) throws(Failure) {
    let size = try Superblock.check(path, area: .checkpoint)
    let (child, messages) = try spawn([executable, command, path])
    defer { close(messages) }
    let status = wait(for: child, seconds: 10 + Double(size) / 5e6)
    guard let status else {
      throw Failure(
        .checkpoint, "the HDF5 library could not read this safely (it did not come to an end)", at: path)
    }
    let signal = status & 0x7F
    if signal != 0 {
      throw Failure(.checkpoint, "the HDF5 library could not read this safely (signal \(signal))", at: path)
    }
    let code = status >> 8 & 0xFF
    if code != 0 {
      var lines = message(from: messages).split(separator: "\n").map(String.init)
      let what = lines.isEmpty ? "the HDF5 library could not read this safely (exit \(code))" : lines.removeFirst()
      throw Failure(code == 6 ? .resources : .checkpoint, what, at: path, notes: lines)
    }
  }

  /// Starts a child process whose standard error ends in the returned descriptor.
  private static func spawn(_ arguments: [String]) throws(Failure) -> (child: pid_t, messages: Int32) {
    var pipe: [Int32] = [0, 0]
    if Glibc.pipe(&pipe) != 0 { throw .system(.resources, "cannot make a pipe", at: arguments[0], errno) }
    for end in pipe { setCloseOnExec(end) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], STDERR_FILENO)
    var child: pid_t = 0
    let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
    let number = withCStrings(arguments) { arguments in
      withCStrings(environment) { posix_spawn(&child, arguments[0]!, &actions, nil, arguments, $0) }
    }
    close(pipe[1])
    if number != 0 {
      close(pipe[0])
      throw .system(.resources, "cannot start a process", at: arguments[0], number)
    }
    return (child, pipe[0])
  }

  /// A child gets its end by `adddup2`; neither end may leak into it or into any other.
  private static func setCloseOnExec(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

  private static func withCStrings<T>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T
  ) -> T {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
  }

  /// The child's wait status, nil when it had to be killed.
  private static func wait(for child: pid_t, seconds: Double) -> Int32? {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    var status: Int32 = 0
    while true {
      let result = waitpid(child, &status, WNOHANG)
      if result == child { return status }
      if result < 0, errno != EINTR { return nil }
      if clock.now > end { break }
      usleep(2000)
    }
    kill(child, SIGKILL)
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return nil
  }

  private static func message(from descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: messageLimit)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    let count = read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
  }
}
