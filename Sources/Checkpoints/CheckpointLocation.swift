import Files

/// Where the model is that a user's path names: a run folder, a step folder, or a `model.h5`.
package struct CheckpointLocation: Sendable {
  package static let modelName = "model.h5"
  /// What a checkpoint has in the place of a model where only adapters are trained.
  package static let adapterName = "adapter.h5"
  private static let names = [modelName, adapterName]

  /// The path of the `model.h5`.
  package let model: String
  /// The step folder, nil for a file on its own, which no manifest covers.
  package let checkpoint: Checkpoint?
  /// Why newer checkpoints of the run were passed over.
  package let skipped: [Failure]
  /// The model file, where it was opened to see whether an older checkpoint is to take its place.
  private let file: ArrayFile?

  /// Finds the model at `path`. One in a step folder has the size that the manifest says; the newest of a run has all its
  /// checksums too, or an older one is taken. Whatever is read is compared with its checksum; `Checkpoint(verifying:)` compares
  /// digests too. Failures are `.checkpoint`.
  package init(_ path: String) throws(Failure) {
    // What a link leads to may change while the files are read: it is followed once.
    let target = Folder.target(ofLink: path)
    let path = target.map { $0.hasPrefix("/") ? $0 : "\(Folder.parent(of: path))/\($0)" } ?? path
    guard Folder.exists(path) else {
      (model, checkpoint, skipped, file) = (path, nil, [], nil)
      _ = try ReadableFile(path, area: .checkpoint)
      return
    }
    let names = try Folder.names(in: path, area: .checkpoint)
    if names.contains(Checkpoint.manifestName) {
      self = try Self(step: path, verifies: false)
      return
    }
    if let name = Self.name(among: names) {
      (model, checkpoint, skipped, file) = ("\(path)/\(name)", nil, [], nil)
      return
    }
    let (found, skipped) = try CheckpointStore(run: path).newest { (folder) throws(Failure) in
      let location = try Self(step: folder, verifies: true)
      return (location, location.checkpoint!)
    }
    guard let found else {
      throw Failure(
        .checkpoint, skipped.isEmpty ? "the folder holds no checkpoint" : "no checkpoint of the run is valid", at: path,
        notes: ["expected model.h5, a step folder, or a run folder with step-000100 or the like"], others: skipped)
    }
    (model, checkpoint, file) = (found.model, found.checkpoint, found.file)
    self.skipped = skipped
  }

  /// The model in the step folder at `folder`.
  private init(step folder: String, verifies: Bool) throws(Failure) {
    let found = try Checkpoint(folder, files: Self.names)
    let model = found.path(of: Self.name(in: found))
    let file = verifies ? try ForeignFileProbe.open(model) : nil
    try file?.verify()
    (self.model, checkpoint, skipped, self.file) = (model, found, [], file)
  }

  /// The name of the file that a checkpoint has its model in.
  package static func name(in checkpoint: Checkpoint) -> String {
    names.first { checkpoint.manifest["files"]?[$0] != nil } ?? modelName
  }

  /// The name of the file that is a model, or the adapter in its place, among those in a folder.
  static func name(among found: [String]) -> String? { names.first(where: found.contains) }

  /// Finds the model at `path` and opens it. A checkpoint that a run prunes in between is looked for again.
  package static func opened(_ path: String) throws(Failure) -> (location: CheckpointLocation, file: ArrayFile) {
    for _ in 0..<20 {
      do throws(Failure) {
        let location = try CheckpointLocation(path)
        do throws(Failure) {
          return (location, try location.open())
        } catch {
          guard let folder = location.checkpoint?.folder, folder != path, !Folder.exists(folder) else { throw error }
        }
      } catch {
        // A link whose target was pruned leads to the next checkpoint by now.
        guard let target = Folder.target(ofLink: path), !Folder.exists("\(Folder.parent(of: path))/\(target)") else {
          throw error
        }
      }
    }
    let location = try CheckpointLocation(path)
    return (location, try location.open())
  }

  /// Opens the model file, which a child process reads first, see `ForeignFileProbe`.
  package func open(probe executable: String? = ForeignFileProbe.executable) throws(Failure) -> ArrayFile {
    if let file { return file }
    return try ForeignFileProbe.open(model, executable: executable)
  }
}
