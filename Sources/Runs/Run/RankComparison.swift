import Checkpoints
import Communication
import Files
import Kernels
import Models

/// Whether all ranks run the same program on the same files: on machines of their own they may not.
enum RankComparison {
  /// What each rank finds for itself, in the order in which differences are told.
  private enum Thing {
    case version, recipe, training, heldOut, model, checkpoint, reference
  }

  /// Throws `.usage`, `.recipe`, `.data`, `.model` or `.checkpoint` on the first rank where another one differs from it; the others
  /// then wait for the end.
  ///
  /// The weights that are trained are not compared: all ranks begin with those of the first. What they do not get from it are
  /// the configuration, frozen weights, and the moments of a checkpoint.
  static func check(
    _ recipe: Recipe, _ preparation: Preparation, resuming checkpoint: Checkpoint? = nil, _ ranks: any Communicator
  ) throws(Failure) {
    let model = preparation.configuration.json.serialized() + (preparation.adapter?.digest ?? "")
    try compare(
      [
        (.version, Build.version), (.recipe, recipe.resolved.serialized()),
        (.training, preparation.data.train.fingerprint),
        (.heldOut, preparation.data.validation?.fingerprint ?? "none"), (.model, model),
        (.checkpoint, checkpoint?.manifest.serialized() ?? "none"),
      ], ranks)
  }

  /// The same of the model that the objective compares with, by its identity.
  static func check(reference: String, _ ranks: any Communicator) throws(Failure) {
    try compare([(.reference, reference)], ranks)
  }

  private static func compare(
    _ own: [(thing: Thing, text: String)], _ ranks: any Communicator
  ) throws(Failure) {
    if ranks.isSolo { return }
    var message = Message()
    for (_, text) in own { message.append(Digest.sha256(text)) }
    let all = try ranks.gather(message.bytes).map { bytes in
      var message = Message(bytes)
      return own.map { _ in message.string() }
    }
    for (rank, digests) in all.enumerated() {
      guard let place = own.indices.first(where: { digests[$0] != all[0][$0] }) else { continue }
      if !ranks.isFirst { ranks.awaitAbort() }
      throw difference(own[place].thing, rank: rank)
    }
  }

  private static func difference(_ thing: Thing, rank: Int) -> Failure {
    let copies = "all ranks read the files that they find: on machines of their own they must be copies"
    return switch thing {
    case .version: Failure(.usage, "rank \(rank) runs another version of the program than rank 0")
    case .recipe:
      Failure(.recipe, "rank \(rank) has another recipe than rank 0", notes: ["all ranks read the file that they find"])
    case .training, .heldOut: Failure(.data, "rank \(rank) has other data than rank 0", notes: [copies])
    case .model: Failure(.model, "rank \(rank) has another model than rank 0", notes: [copies])
    case .checkpoint: Failure(.checkpoint, "rank \(rank) has another checkpoint than rank 0", notes: [copies])
    case .reference: Failure(.model, "rank \(rank) has another reference model than rank 0", notes: [copies])
    }
  }
}
