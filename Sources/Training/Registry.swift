/// What a recipe can choose by name. To add one: its file, and its line here.
package enum Registry {
  /// A recipe that names none means the first that reads the kind of example that its task is about.
  package static let objectives: [any Objective.Type] = [
    NextToken.self,
    SFT.self,
    DPO.self,
    KTO.self,
  ]

  package static let optimizers: [any OptimizerSettings.Type] = [
    AdamWSettings.self
  ]

  package static let schedules: [any ScheduleShape.Type] = [
    Cosine.self,
    Linear.self,
    Constant.self,
    WarmupStableDecay.self,
  ]
}
