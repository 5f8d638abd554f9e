import Files

extension RunRecord {
  /// What a run has come to, as numbers: its last step with its losses, its best evaluation, and what it has read. What the run has
  /// not measured is null.
  package var figures: [JSONMember] {
    let trained = metrics.last { $0["kind"]?.string == "train" }
    let evaluated = metrics.last { $0["kind"]?.string == "eval" }
    let losses = metrics.filter { $0["kind"]?.string == "train" }.compactMap { $0["loss"]?.double }
    let best = bestRow
    let speeds = metrics.compactMap { $0["tokens_per_second"]?.double }
    return [
      JSONMember("step", trained?["step"] ?? .null),
      JSONMember("first_loss", losses.first.map { JSONValue($0) } ?? .null),
      JSONMember("loss", trained?["loss"] ?? .null), JSONMember("eval_step", evaluated?["step"] ?? .null),
      JSONMember("eval_loss", evaluated?["eval_loss"] ?? .null), JSONMember("best_step", best?["step"] ?? .null),
      JSONMember("best_eval_loss", best?["eval_loss"] ?? .null), JSONMember("tokens", trained?["tokens"] ?? .null),
      JSONMember("tokens_per_second", speeds.isEmpty ? .null : JSONValue(speeds.median)),
    ]
  }
}
