import Files
import Training

/// The charts of a run in groups, the most important first.
struct Panels {
  /// Charts under a heading.
  struct Group {
    var title: String
    var charts: [Chart]
  }

  private(set) var groups: [Group] = []
  /// Measures that never changed, as names and values.
  private(set) var constants: [(name: String, value: String)] = []

  private let run: RunRecord
  private var left: [String]

  init(_ run: RunRecord) {
    self.run = run
    left = run.measures.filter { !Self.hidden.contains($0) }
    let loss = ["next_token", "sft"].contains(run.resolved["objective"]?["name"]?.string) ? "nats a token" : ""
    add("Loss", [chart("Loss", unit: loss, [("loss", "")])])
    let units = preferenceUnits()
    for (title, panels) in Self.order {
      add(title, panels.filter(isLeft).map { chart($0.title, unit: units[$0.keys[0].key] ?? $0.unit, $0.keys) })
      if title == "Accuracy and perplexity" { add("Suites", suites()) }
    }
    var others: [Chart] = []
    while let key = left.first {
      let base = key.hasPrefix("eval_") ? String(key.dropFirst(5)) : key
      others.append(chart(Self.title(of: base), unit: "", [(base, "")]))
      left.removeAll { $0 == key }
    }
    add("Other measures", others)
  }

  /// Keys that say where the run is and not how it goes.
  private static let hidden: Set = [
    "tokens", "num_tokens", "eval_share", "measured_after", "time", "elapsed", "seconds",
  ]

  private typealias Panel = (title: String, unit: String, keys: [(key: String, name: String)])

  private static let order: [(title: String, panels: [Panel])] = [
    (
      "Preferences",
      [
        ("Reward margin", "chosen minus rejected", [("rewards/margins", "")]),
        ("Reward accuracy", "share of pairs with the chosen answer ahead", [("rewards/accuracies", "")]),
        (
          "Rewards", "beta times the log-ratio to the reference",
          [("rewards/chosen", "chosen"), ("rewards/rejected", "rejected")]
        ),
        (
          "Log-probability of the answers", "nats an answer",
          [("logps/chosen", "chosen"), ("logps/rejected", "rejected")]
        ),
        ("Log-probability accuracy", "share of pairs whose chosen answer is the likelier", [("logps/accuracies", "")]),
        ("KL divergence", "from the reference, nats", [("kl", "")]),
        ("Mean logits", "", [("logits/chosen", "chosen"), ("logits/rejected", "rejected")]),
      ]
    ),
    (
      "Accuracy and perplexity",
      [
        (
          "Token accuracy", "share of tokens that were the likeliest",
          [("token_accuracy", ""), ("mean_token_accuracy", "")]
        ),
        ("Perplexity", "exponential of the loss", [("perplexity", "")]),
        ("Bits per byte", "bits", [("bits_per_byte", "")]),
      ]
    ),
    (
      "Optimisation",
      [
        ("Gradient norm", "before clipping", [("grad_norm", "")]), ("Learning rate", "", [("learning_rate", "")]),
        ("Speed", "tokens a second", [("tokens_per_second", "")]),
        ("Trained tokens", "share of all tokens", [("supervised_share", "")]),
      ]
    ),
  ]

  /// What the losses of a run that compares with no reference count rewards and log-probabilities in, by the keys of the panels.
  /// The likelier answer is then the one with the higher reward, which a panel shows already.
  private mutating func preferenceUnits() -> [String: String] {
    let types = run.resolved["objective"]?["loss_type"].map { $0.array ?? [$0] } ?? []
    let losses = types.compactMap { ($0.array?.first ?? $0).string.flatMap(PreferenceLoss.named) }
    if losses.isEmpty || losses.contains(where: \.usesReference) { return [:] }
    left.removeAll { ["logps/accuracies", "eval_logps/accuracies"].contains($0) }
    let isMean = losses.contains(where: \.comparesMeans)
    return [
      "rewards/chosen": "beta times the log-probability\(isMean ? " a token" : "")",
      "logps/chosen": isMean ? "nats a token" : "nats an answer",
    ]
  }

  /// Whether something that a panel shows was measured, and no other panel shows it.
  private func isLeft(_ panel: Panel) -> Bool {
    panel.keys.contains { left.contains($0.key) || left.contains("eval_\($0.key)") }
  }

  private mutating func add(_ title: String, _ charts: [Chart]) {
    let drawn = charts.filter(\.varies)
    for chart in charts where !chart.varies {
      guard let value = chart.curves.first?.points.last?.y else { continue }
      constants.append((chart.title, Figure.text(value)))
    }
    if !drawn.isEmpty { groups.append(Group(title: title, charts: drawn)) }
  }

  /// A chart of the accuracies of each suite. Divided by bytes they say what those divided by characters do, but of other scripts:
  /// they are in the log.
  private mutating func suites() -> [Chart] {
    let names = left.compactMap { key in
      key.hasPrefix("eval_") && key.hasSuffix("/acc") ? String(key.dropFirst(5).dropLast(4)) : nil
    }
    return names.map { name in
      let keys = ["acc", "acc_norm"].filter { left.contains("eval_\(name)/\($0)") }
      left.removeAll { $0 == "eval_\(name)/acc_bytes" }
      return chart(
        name, unit: "share of questions answered right",
        keys.map { ("\(name)/\($0)", keys.count > 1 ? $0 : "") })
    }
  }

  /// A chart of measures of training and of their counterparts on held-out data.
  private mutating func chart(_ title: String, unit: String, _ keys: [(key: String, name: String)]) -> Chart {
    var curves: [Curve] = []
    var colour = 0
    for key in keys {
      left.removeAll { $0 == key.key || $0 == "eval_\(key.key)" }
      let name = key.name.isEmpty ? "" : "\(key.name), "
      var training = run.curve(key.key, called: "\(name)training")
      training.colour = colour
      if training.points.count > 30, key.key != "learning_rate" {
        training.style = .raw
        curves += [training, training.smoothed(called: "\(name)training, smoothed")]
      } else {
        curves.append(training)
      }
      var held = run.curve("eval_\(key.key)", called: "\(name)held out")
      (held.style, held.colour) = (.measured, colour + 1)
      curves.append(held)
      if !training.points.isEmpty || !held.points.isEmpty { colour += 2 }
    }
    var chart = Chart(title, unit: unit, curves)
    // Warm-up begins near zero, and the shape of a schedule is that of its values.
    chart.allowsLogarithm = !["learning_rate", "tokens_per_second"].contains(keys[0].key) && !unit.hasPrefix("share")
    return chart
  }

  /// `Entropy` of `entropy`, `Kl divergence` of `kl_divergence`.
  private static func title(of key: String) -> String {
    let words = key.split { "_/".contains($0) }.joined(separator: " ")
    return words.prefix(1).uppercased() + words.dropFirst()
  }
}
