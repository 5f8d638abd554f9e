import Autograd
import Checkpoints
import Files
import Inference
import Models
import Training

/// What `training.h5` holds beside the weights: everything that resuming exactly needs.
///
/// Data and learning rate are functions of the step alone, so that the step and the optimizer's moments are the whole state.
/// Root attributes: `format` = `train-state`, `format_version`, `step`, `samples`, `tokens`, `recipe` (resolved), `data` (the fingerprint
/// of the training data), `core_type`, `reference` (its `ReferenceScores.identity`), `evaluated` (the last step that was), `held_out`
/// (what identifies the samples that evaluations read), `measured_after` (the step after which evaluations have the present objective
/// and samples, where they had others before), `skipped` (steps), `ranks` (processes, where there were several).
/// Moments: `/optimizer.KIND/NAME`, named and shaped like the trained weights. `/history`: losses and gradient norms of the last steps.
package struct TrainingState: Sendable {
  package static let fileName = "training.h5"
  /// What `heldOut` is where nothing is.
  package static let nothingHeldOut = "none"
  private static let format = "train-state"

  package var step: Int
  /// Samples consumed.
  package var samples: Int
  /// Tokens read, supervised or not.
  package var tokens: Int
  package var recipe: String
  /// The fingerprint of the data that was trained on.
  package var data: String
  package var coreType: String
  /// What identifies the reference model, where the objective has one.
  package var reference: String?
  /// The evaluation loss of the best checkpoint, where it was kept here: in files of earlier versions.
  package var bestLoss: Double?
  /// The last step after which the model was evaluated; 0 for none.
  package var evaluated = 0
  /// What identifies the samples that evaluations read; nil in files of earlier versions.
  package var heldOut: String?
  /// The evaluations after this step alone have one measure: the objective, or what they read, was another before.
  package private(set) var measuredAfter = -1
  /// The processes that trained.
  package var ranks = 1

  /// The losses and gradient norms of the last steps.
  package var history = StepHistory()

  /// The contents of training.h5 for a trainer at this state.
  package func contents(_ trainer: Trainer) -> ArrayFileContents {
    var attributes: Attributes = [
      "format": .string(Self.format), "format_version": .integer(1), "step": .integer(step),
      "samples": .integer(samples), "tokens": .integer(tokens),
      "recipe": .string(recipe), "data": .string(data), "core_type": .string(coreType),
    ]
    attributes["evaluated"] = .integer(evaluated)
    if let heldOut { attributes["held_out"] = .string(heldOut) }
    if measuredAfter >= 0 { attributes["measured_after"] = .integer(measuredAfter) }
    if ranks > 1 { attributes["ranks"] = .integer(ranks) }
    if let reference { attributes["reference"] = .string(reference) }
    let groups = trainer.momentKinds.enumerated().map { index, kind in
      ArrayGroup(
        "optimizer.\(kind)",
        trainer.model.trainedParameters.map { named in
          NamedArray(named.name, shape: named.shape) { trainer.moment(index, of: named) }
        })
    }
    for (name, count) in history.counts { attributes[name] = .integer(count) }
    let past = [("losses", history.losses), ("norms", history.norms)].filter { !$1.isEmpty }
    let arrays = past.map { NamedArray($0, shape: [$1.count], values: $1) }
    return ArrayFileContents(
      attributes: attributes, groups: groups + (arrays.isEmpty ? [] : [ArrayGroup("history", arrays)]))
  }

  /// The state of a run that has not taken a step.
  package init(recipe: String, data: String, coreType: String) {
    (step, samples, tokens) = (0, 0, 0)
    self.recipe = recipe
    self.data = data
    self.coreType = coreType
  }

  /// Reads training.h5 at `path` and puts the moments into the trainer's optimizer, by name.
  package init(reading path: String, into trainer: Trainer) throws(Failure) {
    let file = try ForeignFileProbe.open(path)
    guard file.attributes["format"]?.string == Self.format, file.attributes["format_version"]?.integer == 1,
      let step = file.attributes["step"]?.integer, let samples = file.attributes["samples"]?.integer,
      let tokens = file.attributes["tokens"]?.integer,
      let recipe = file.attributes["recipe"]?.string, let data = file.attributes["data"]?.string
    else { throw Failure(.checkpoint, "this is not the training state of a checkpoint", at: path) }
    self.step = step
    self.samples = samples
    self.tokens = tokens
    self.recipe = recipe
    self.data = data
    coreType = file.attributes["core_type"]?.string ?? "unknown"
    reference = file.attributes["reference"]?.string
    bestLoss = file.attributes["best_loss"]?.double
    // Earlier versions evaluated before they saved.
    evaluated = file.attributes["evaluated"]?.integer ?? step
    heldOut = file.attributes["held_out"]?.string
    measuredAfter = file.attributes["measured_after"]?.integer ?? -1
    ranks = file.attributes["ranks"]?.integer ?? 1
    let parts = trainer.model.trainedParameters
    for (index, kind) in trainer.momentKinds.enumerated() {
      let (stored, trained) = (Set(file.arrays(in: "optimizer.\(kind)").map(\.name)), Set(parts.map(\.name)))
      if let other = stored.subtracting(trained).min() {
        throw Failure(
          .checkpoint, "\"\(other)\" was trained and is not now", at: "\(path):/optimizer.\(kind)",
          notes: ["a run goes on with the parameters that it began to train"])
      }
      for named in parts {
        try trainer.replaceMoment(index, of: named) { (values, shape) throws(Failure) in
          try file.read(named.name, in: "optimizer.\(kind)", shape: shape, into: values)
        }
      }
    }
    history = try Self.history(in: file)
    trainer.stepCount = step
    trainer.optimizer.stepCount = step - history.skipped
  }

  private static func history(in file: ArrayFile) throws(Failure) -> StepHistory {
    func values(_ name: String) throws(Failure) -> [Double] {
      guard let array = file.array(name, in: "history"), array.shape.count == 1, array.shape[0] <= StepHistory.window
      else { return [] }
      let values: [Double] = try file.read(array)
      return values.allSatisfy(\.isFinite) ? values : []
    }
    let (losses, norms) = (try values("losses"), try values("norms"))
    let counts = StepHistory().counts.map { ($0.key, file.attributes[$0.key]?.integer ?? 0) }
    return StepHistory(
      losses: losses, norms: norms.count == losses.count ? norms : losses,
      counts: Dictionary(uniqueKeysWithValues: counts))
  }

  /// Continues from where `earlier` stopped and returns what the user should know about it.
  ///
  /// - Throws: `.data` if the training data is not what it was, unless that is allowed.
  package mutating func resume(
    from earlier: TrainingState, at place: String, allowsChangedData: Bool
  ) throws(Failure) -> [String] {
    var warnings: [String] = []
    if coreType != earlier.coreType {
      warnings.append(
        "the run was on \(earlier.coreType) kernels and goes on with \(coreType): not bit-identical to a run without a stop"
      )
    }
    if ranks != earlier.ranks {
      warnings.append(
        "the run was on \(Self.processes(earlier.ranks)) and goes on with \(ranks): the bits differ, "
          + (Self.drawsNoise(recipe)
            ? "and so does the noise, which is that of each micro-batch" : "the curve does not"))
    }
    if data != earlier.data {
      guard allowsChangedData else {
        throw Failure(
          .data, "the training data is not what the run started with", at: place,
          notes: [
            "fingerprint \(earlier.data) then, \(data) now",
            "put the data back, or accept the new one with --allow-changed-data",
          ])
      }
      warnings.append("the training data has changed")
    }
    // Other data and other objectives have other losses; the optimizer's steps are counted on.
    let isSameObjective = Self.objective(of: recipe) == Self.objective(of: earlier.recipe)
    history = isSameObjective && data == earlier.data ? earlier.history : earlier.history.forgotten
    let isSameMeasure = isSameObjective && heldOut == earlier.heldOut ?? heldOut
    measuredAfter = isSameMeasure ? earlier.measuredAfter : earlier.evaluated
    if !isSameMeasure, earlier.evaluated > 0, earlier.heldOut != Self.nothingHeldOut {
      warnings.append(
        "the objective, or what is read of what is held out, has changed: evaluation losses are compared with those from here on "
          + "alone, for the best checkpoint and for early stopping")
    }
    (step, samples, tokens) = (earlier.step, earlier.samples, earlier.tokens)
    (bestLoss, reference, evaluated) = (earlier.bestLoss, earlier.reference, earlier.evaluated)
    return warnings
  }

  /// Whether training by a resolved recipe draws noise: dropout, or NEFTune's.
  private static func drawsNoise(_ recipe: String) -> Bool {
    let recipe = try? JSONValue.parse(Array(recipe.utf8), source: "resolved.json", area: .recipe)
    let strengths = [recipe?["adapter"]?["lora_dropout"], recipe?["objective"]?["neftune_noise_alpha"]]
    return strengths.contains { $0?.double ?? 0 > 0 }
  }

  /// The objective that a resolved recipe names.
  private static func objective(of recipe: String) -> JSONValue? {
    (try? JSONValue.parse(Array(recipe.utf8), source: "resolved.json", area: .recipe))?["objective"]
  }

  private static func processes(_ count: Int) -> String { count == 1 ? "one process" : "\(count) processes" }
}
