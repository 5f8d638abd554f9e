import Glibc

/// A file or a folder that appears whole or not at all: written into a folder beside its place, then renamed.
package enum StagedOutput {
  /// Creates what is to appear at `path`: `body` gets the path to write to. After a failure `path` is unchanged.
  ///
  /// - Parameters:
  ///   - overwrite: whether what is at `path` may be replaced: a file by a file, or a folder that holds nothing but files
  ///     of the names in `contents`.
  ///   - contents: the names of the files in the folder that is made; nil for a file.
  /// - Throws: `.usage` when something is at `path` that may not be replaced, and whatever `body` throws.
  package static func write<T>(
    _ path: String, overwrite: Bool, contents: [String]? = nil, _ body: (String) throws(Failure) -> T
  ) throws(Failure) -> T {
    let path = trimmed(path)
    try check(path, overwrite: overwrite, contents: contents)
    let folder = Folder.parent(of: path)
    try Folder.create(folder)
    let name = path.split(separator: "/").last.map(String.init) ?? path
    try StagingFolder.reap(in: folder, for: name)
    let staging = try StagingFolder(in: folder, for: name)
    do throws(Failure) {
      let temporary = "\(staging.path)/\(name)"
      if contents != nil { try Folder.createNew(temporary) }
      let result = try body(temporary)
      if contents != nil { try Folder.synchronize(temporary) }
      try StopRequest.check()
      try replace(path, by: temporary, isFolder: contents != nil)
      try Folder.synchronize(folder)
      try? Folder.remove(staging.path)
      return result
    } catch {
      try? Folder.remove(staging.path)
      throw error
    }
  }

  /// The path without slashes at its end.
  private static func trimmed(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.last == "/" { path.removeLast() }
    return String(path)
  }

  private static func check(_ path: String, overwrite: Bool, contents: [String]?) throws(Failure) {
    var status = stat()
    guard SystemCall.retrying({ lstat(path, &status) }) == 0 else { return }
    guard overwrite else {
      throw Failure(.usage, "there is something already", at: path, notes: ["--overwrite replaces it"])
    }
    try DurableFile.checkIsReplaceable(path)
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    guard isFolder == (contents != nil) else {
      throw Failure(
        .usage, "\(isFolder ? "a folder" : "a file") is there, which --overwrite does not replace", at: path,
        notes: ["give another name"])
    }
    guard let contents else { return }
    let others = try Folder.names(in: path, area: .usage).filter { !contents.contains($0) }
    if !others.isEmpty {
      throw Failure(
        .usage, "the folder holds other things, which --overwrite does not delete", at: path,
        notes: ["found \(others.prefix(5).joined(separator: ", "))", "give another name"])
    }
  }

  /// Moves what is at `temporary` into place; an existing folder is moved away first, and back if that fails.
  private static func replace(_ path: String, by temporary: String, isFolder: Bool) throws(Failure) {
    guard isFolder, Folder.exists(path) else { return try Folder.rename(temporary, to: path) }
    let earlier = "\(temporary).old"
    try Folder.remove(earlier)
    try Folder.rename(path, to: earlier)
    do throws(Failure) {
      try Folder.rename(temporary, to: path)
    } catch {
      try Folder.rename(earlier, to: path)
      throw error
    }
  }
}
