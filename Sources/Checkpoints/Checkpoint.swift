import Files
import Foundation

/// A step folder whose manifest has been verified, and its files by their digests or by their sizes.
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

  /// Verifies the step folder at `folder`: its manifest, and size and SHA-256 of the files it lists. Failures are `.checkpoint`.
  package init(verifying folder: String) throws(Failure) {
    self = try Self(manifestOf: folder)
    let entries = try files(nil)
    let digests = try Self.digests(of: entries.map { path(of: $0.name) }, area: .checkpoint)
    for (entry, digest) in zip(entries, digests) where entry.digest != digest {
      throw Failure(
        .checkpoint, "the file is damaged: its contents are not what was saved", at: path(of: entry.name),
        notes: ["expected SHA-256 \(entry.digest), found \(digest)"])
    }
  }

  /// Checks the manifest of the step folder at `folder`, and the sizes of those of `files` that it lists, one of which it must;
  /// what is in them has checksums of its own. Failures are `.checkpoint`.
  package init(_ folder: String, files: [String]) throws(Failure) {
    self = try Self(manifestOf: folder)
    let entries = try self.files(files)
    guard files.isEmpty || !entries.isEmpty else {
      throw Failure(.checkpoint, "the checkpoint has no \(files[0])", at: folder)
    }
  }

  /// Reads the manifest of `folder` and verifies it by its own digest.
  private init(manifestOf folder: String) throws(Failure) {
    let path = "\(folder)/\(Self.manifestName)"
    let bytes = try ReadableFile.contents(of: path, area: .checkpoint, limit: 64 << 20)
    let manifest = try JSONValue.parse(bytes, source: path, area: .checkpoint)
    try Self.checkHead(of: manifest, at: path)
    guard let step = manifest["step"]?.integer, manifest["files"]?.object != nil else {
      throw Failure(.checkpoint, "the manifest has no step or no files", at: path)
    }
    self.folder = folder
    self.step = step
    self.manifest = manifest
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

  /// The files that the manifest lists, or those of `names`, which have the sizes that it says.
  private func files(_ names: [String]?) throws(Failure) -> [(name: String, digest: String)] {
    var files: [(name: String, digest: String)] = []
    for entry in manifest["files"]?.object ?? [] where names?.contains(entry.key) ?? true {
      guard let size = entry.value["bytes"]?.integer, let digest = entry.value["sha256"]?.string,
        !entry.key.contains("/")
      else { throw Failure(.checkpoint, "the manifest's entry for \(entry.key) is incomplete", at: folder) }
      let count = try ReadableFile(path(of: entry.key), area: .checkpoint).count
      guard count == size else {
        throw Failure(
          .checkpoint, "the file is incomplete", at: path(of: entry.key),
          notes: ["expected \(size) bytes, found \(count)"])
      }
      files.append((entry.key, digest))
    }
    return files
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
