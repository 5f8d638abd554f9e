import Glibc

/// Operations on folders.
package enum Folder {
  /// The folder that contains `path`.
  package static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Creates the folder and those above it, where they are missing.
  package static func create(_ path: String) throws(Failure) {
    if SystemCall.retrying({ mkdir(path, 0o777) }) == 0 { return }
    var number = errno
    if number == ENOENT, parent(of: path) != path, !path.isEmpty {
      try create(parent(of: path))
      if SystemCall.retrying({ mkdir(path, 0o777) }) == 0 { return }
      number = errno
    }
    if number == EEXIST, exists(path) { return }
    throw .system(.resources, "cannot create the folder", at: path, number)
  }

  /// Creates a folder that must not be there yet, in one that must be.
  package static func createNew(_ path: String) throws(Failure) {
    if SystemCall.retrying({ mkdir(path, 0o777) }) != 0 {
      throw .system(.resources, "cannot create the folder", at: path, errno)
    }
  }

  /// Whether `path` is a folder, or a link to one.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return SystemCall.retrying { stat(path, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in the folder, sorted, without `.` and `..`.
  package static func names(in path: String, area: Failure.Area) throws(Failure) -> [String] {
    var stream = opendir(path)
    while stream == nil, errno == EINTR { stream = opendir(path) }
    guard let stream else { throw .system(area, "cannot open the folder", at: path, errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    if errno != 0 { throw .system(area, "cannot list the folder", at: path, errno) }
    return names.sorted()
  }

  /// Makes the folder's entries durable: a created or renamed file survives a power loss only after this.
  package static func synchronize(_ path: String) throws(Failure) {
    let descriptor = SystemCall.retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    if descriptor < 0 { throw .system(.resources, "cannot open the folder", at: path, errno) }
    defer { _ = SystemCall.close(descriptor) }
    let number = SystemCall.synchronize(descriptor)
    if number != 0 { throw .system(.resources, "cannot synchronise the folder", at: path, number) }
  }

  /// Removes the file, link or folder at `path` with all it holds, if it is there. Links are removed, not followed.
  package static func remove(_ path: String) throws(Failure) {
    var status = stat()
    if SystemCall.retrying({ lstat(path, &status) }) != 0 {
      if errno == ENOENT { return }
      throw .system(.resources, "cannot remove", at: path, errno)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      if SystemCall.retrying({ unlink(path) }) != 0, errno != ENOENT {
        throw .system(.resources, "cannot remove the file", at: path, errno)
      }
      return
    }
    for name in try names(in: path, area: .resources) { try remove("\(path)/\(name)") }
    if SystemCall.retrying({ rmdir(path) }) != 0, errno != ENOENT {
      throw .system(.resources, "cannot remove the folder", at: path, errno)
    }
  }

  /// Renames within one file system; a file or link at `target` is replaced.
  package static func rename(_ path: String, to target: String) throws(Failure) {
    if SystemCall.retrying({ Glibc.rename(path, target) }) != 0 {
      throw .system(.resources, "cannot rename to \(target)", at: path, errno)
    }
  }

  /// Makes `path` a symbolic link to `target`, replacing a link that is there in one step.
  package static func link(_ path: String, to target: String) throws(Failure) {
    let temporary = DurableFile.temporaryName(beside: path)
    if SystemCall.retrying({ symlink(target, temporary) }) != 0 {
      throw .system(.resources, "cannot create the link", at: path, errno)
    }
    do throws(Failure) {
      try rename(temporary, to: path)
      try synchronize(parent(of: path))
    } catch {
      SystemCall.retrying { unlink(temporary) }
      throw error
    }
  }

  /// The target of the symbolic link at `path`, nil when there is none.
  package static func target(ofLink path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = buffer.withUnsafeMutableBytes { bytes in
      SystemCall.retrying { readlink(path, bytes.baseAddress!, bytes.count) }
    }
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }
}
