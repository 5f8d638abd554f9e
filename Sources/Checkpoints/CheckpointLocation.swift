import Files

/// Where the model is that a user's path names: a run folder, a step folder, or a `model.h5`.
package struct CheckpointLocation: Sendable {
  package static let modelName = "model.h5"
  /// What a checkpoint has in the place of a model where only adapters are trained.
  package static let adapterName = "adapter.h5"
  private static let names = [modelName, adapterName]

  /// The path of the `model.h5`.
  package let model: String
  /// The verified step folder, nil for a file on its own, which no manifest covers.
  package let checkpoint: Checkpoint?
  /// Why newer checkpoints of the run were passed over.
  package let skipped: [Failure]

  /// Finds the model at `path`, verifying the model file's digest where there is a manifest. Failures are `.checkpoint`.
  package init(_ path: String) throws(Failure) {
    // What a link leads to may change while the files are read: it is followed once.
    let target = Folder.target(ofLink: path)
    let path = target.map { $0.hasPrefix("/") ? $0 : "\(Folder.parent(of: path))/\($0)" } ?? path
    guard Folder.exists(path) else {
      (model, checkpoint, skipped) = (path, nil, [])
      _ = try ReadableFile(path, area: .checkpoint)
      return
    }
    let names = try Folder.names(in: path, area: .checkpoint)
    if names.contains(Checkpoint.manifestName) {
      let found = try Checkpoint(verifying: path, files: Self.names)
      (model, checkpoint, skipped) = (found.path(of: Self.name(in: found)), found, [])
      return
    }
    if let name = Self.names.first(where: names.contains) {
      (model, checkpoint, skipped) = ("\(path)/\(name)", nil, [])
      return
    }
    let (found, skipped) = try CheckpointStore(run: path).newestValid(files: Self.names)
    guard let found else {
      throw Failure(
        .checkpoint, skipped.isEmpty ? "the folder holds no checkpoint" : "no checkpoint of the run is valid", at: path,
        notes: ["expected model.h5, a step folder, or a run folder with step-000100 or the like"], others: skipped)
    }
    (model, checkpoint, self.skipped) = (found.path(of: Self.name(in: found)), found, skipped)
  }

  /// The name of the file that a checkpoint has its model in.
  package static func name(in checkpoint: Checkpoint) -> String {
    names.first { checkpoint.manifest["files"]?[$0] != nil } ?? modelName
  }

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
    try ForeignFileProbe.open(model, executable: executable)
  }
}
