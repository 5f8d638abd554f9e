/// What a recipe can choose by name. To add one: its file, and its line here.
package enum Registry {
  /// The first objective of a task is the task's default.
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
