import Communication
import Files
import Kernels

/// Whether all ranks run the same program on the same recipe and the same data: on machines of their own they may not.
enum RankComparison {
  /// Throws `.data`, `.recipe` or `.usage` on the first rank where another one differs from it; the others then wait for the end.
  static func check(_ recipe: Recipe, _ preparation: Preparation, _ ranks: any Communicator) throws(Failure) {
    if ranks.isSolo { return }
    let own = [
      Build.version, recipe.resolved.serialized(), preparation.data.train.fingerprint,
      preparation.data.validation?.fingerprint ?? "none",
    ]
    var message = Message()
    for text in own { message.append(Digest.sha256(text)) }
    let all = try ranks.gather(message.bytes).map { bytes in
      var message = Message(bytes)
      return own.map { _ in message.string() }
    }
    for (rank, digests) in all.enumerated() {
      guard let place = own.indices.first(where: { digests[$0] != all[0][$0] }) else { continue }
      if !ranks.isFirst { ranks.awaitAbort() }
      throw difference(place, rank: rank)
    }
  }

  private static func difference(_ place: Int, rank: Int) -> Failure {
    switch place {
    case 0: Failure(.usage, "rank \(rank) runs another version of the program than rank 0")
    case 1:
      Failure(.recipe, "rank \(rank) has another recipe than rank 0", notes: ["all ranks read the file that they find"])
    default:
      Failure(
        .data, "rank \(rank) has other data than rank 0",
        notes: ["all ranks read the files that they find: on machines of their own they must be copies"])
    }
  }
}
