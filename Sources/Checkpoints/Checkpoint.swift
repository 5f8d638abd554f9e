import Files
import Foundation

/// A step folder whose manifest and files have been verified.
package struct Checkpoint: Sendable {
  static let format = "train-checkpoint"
  static let formatVersion = 1
  package static let manifestName = "manifest.json"

  package let folder: String
  package let step: Int
  /// The manifest: format, step, files with their sizes, digests, names and shapes, and what the saver added.
  package let manifest: JSONValue

  /// The path of one of its files.
  package func path(of name: String) -> String { "\(folder)/\(name)" }

  /// Verifies the step folder at `folder`: its manifest, and size and SHA-256 of the files it lists, or of those named
  /// in `files` alone, one of which it must list. Failures are `.checkpoint`.
  package init(verifying folder: String, files: [String]? = nil) throws(Failure) {
    let path = "\(folder)/\(Self.manifestName)"
    let bytes = try ReadableFile.contents(of: path, area: .checkpoint, limit: 64 << 20)
    let manifest = try JSONValue.parse(bytes, source: path, area: .checkpoint)
    try Self.checkHead(of: manifest, at: path)
    guard let step = manifest["step"]?.integer, let entries = manifest["files"]?.object else {
      throw Failure(.checkpoint, "the manifest has no step or no files", at: path)
    }
    self.folder = folder
    self.step = step
    self.manifest = manifest
    if let files, let first = files.first, !entries.contains(where: { files.contains($0.key) }) {
      throw Failure(.checkpoint, "the checkpoint has no \(first)", at: folder)
    }
    try Self.verify(entries.filter { files?.contains($0.key) ?? true }, in: folder)
  }

  private static func checkHead(of manifest: JSONValue, at path: String) throws(Failure) {
    guard manifest["format"]?.string == format else {
      throw Failure(.checkpoint, "not the manifest of a checkpoint", at: path)
    }
    guard let version = manifest["format_version"]?.integer, version == formatVersion else {
      let found = manifest["format_version"]?.serialized() ?? "none"
      throw Failure(
        .checkpoint, "a checkpoint of another format version", at: path,
        notes: ["expected \(formatVersion), found \(found)"])
    }
    guard manifest["sha256"]?.string == digest(of: manifest) else {
      throw Failure(.checkpoint, "the manifest is damaged or was edited", at: path)
    }
  }

  /// The digest of everything in a manifest but the digest itself.
  private static func digest(of manifest: JSONValue) -> String {
    var body = manifest
    body["sha256"] = JSONValue?.none
    return Digest.sha256(body.serializedBytes())
  }

  private static func verify(_ entries: [JSONMember], in folder: String) throws(Failure) {
    for entry in entries {
      guard let size = entry.value["bytes"]?.integer, entry.value["sha256"]?.string != nil,
        !entry.key.contains("/")
      else { throw Failure(.checkpoint, "the manifest's entry for \(entry.key) is incomplete", at: folder) }
      let path = "\(folder)/\(entry.key)"
      let count = try ReadableFile(path, area: .checkpoint).count
      guard count == size else {
        throw Failure(
          .checkpoint, "the file is incomplete", at: path, notes: ["expected \(size) bytes, found \(count)"])
      }
    }
    let digests = try digests(of: entries.map { "\(folder)/\($0.key)" }, area: .checkpoint)
    for (entry, digest) in zip(entries, digests) where entry.value["sha256"]?.string != digest {
      throw Failure(
        .checkpoint, "the file is damaged: its contents are not what was saved", at: "\(folder)/\(entry.key)",
        notes: ["expected SHA-256 \(entry.value["sha256"]?.string ?? ""), found \(digest)"])
    }
  }

  /// The digests of several files, computed side by side.
  private static func digests(of paths: [String], area: Failure.Area) throws(Failure) -> [String] {
    let results = Results(count: paths.count)
    BackgroundThread.sideBySide(paths.count) { index in
      results[index] = Result { () throws(Failure) in try Digest.sha256(ofFile: paths[index], area: area) }
    }
    var digests: [String] = []
    for index in paths.indices { digests.append(try results[index].get()) }
    return digests
  }

  /// Writes the manifest of the files in `folder`, which are all on disk.
  package static func writeManifest(
    in folder: String, step: Int, files: [(name: String, contents: ArrayFileContents)], extra: [JSONMember]
  ) throws(Failure) {
    let digests = try digests(of: files.map { "\(folder)/\($0.name)" }, area: .resources)
    var entries: [JSONMember] = []
    for (file, digest) in zip(files, digests) {
      let size = try ReadableFile("\(folder)/\(file.name)", area: .resources).count
      let tensors = file.contents.groups.flatMap { group in
        group.arrays.map { JSONMember("/\(group.name)/\($0.name)", JSONValue($0.shape.map { JSONValue($0) })) }
      }
      let entry: JSONValue = [
        "bytes": JSONValue(size), "sha256": JSONValue(digest), "tensor_count": JSONValue(tensors.count),
        "tensors": JSONValue(tensors),
      ]
      entries.append(JSONMember(file.name, entry))
    }
    var manifest: JSONValue = [
      "format": JSONValue(format), "format_version": JSONValue(formatVersion), "step": JSONValue(step),
      "files": JSONValue(entries),
    ]
    for member in extra { manifest[member.key] = member.value }
    manifest["sha256"] = JSONValue(digest(of: manifest))
    try DurableFile.write(manifest.serialized(pretty: true) + "\n", to: "\(folder)/\(manifestName)")
  }
}

/// Results that several threads write, each at its own index.
private final class Results: @unchecked Sendable {
  private let lock = NSLock()
  private var values: [Result<String, Failure>]

  init(count: Int) { values = Array(repeating: .success(""), count: count) }

  subscript(index: Int) -> Result<String, Failure> {
    get { lock.withLock { values[index] } }
    set { lock.withLock { values[index] = newValue } }
  }
}
