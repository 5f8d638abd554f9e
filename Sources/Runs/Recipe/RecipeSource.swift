import Corpus
import Files

extension Recipe.Data {
  /// An entry of `data.train`: a path or a pattern, and its share of what is read.
  package struct Source: Sendable, Equatable {
    package var path: String
    /// What its share is proportional to; nil where all is read equally often.
    package var weight: Double?

    /// What a weight may be.
    static let weights = 1e-6...1e9

    package init(_ path: String, weight: Double? = nil) { (self.path, self.weight) = (path, weight) }
  }

  /// The paths and patterns of `data.train`.
  package var train: [String] {
    get { sources.map(\.path) }
    set { sources = newValue.map { Source($0) } }
  }

  /// The column that holds the text of a row without turns.
  package var textColumn: String { fields["text"] ?? "text" }

  /// The weights of the sources; nil where they have none.
  package var weights: [Double]? {
    let weights = sources.compactMap(\.weight)
    return weights.count == sources.count ? weights : nil
  }

  /// The sources of examples as a loader mixes them; nil where they have no weights. `ends` is where each one's examples end.
  ///
  /// - Throws: `.data` for a weighted source without an example.
  func mixture(_ ends: [Int]) throws(Failure) -> Mixture? {
    guard let weights else { return nil }
    for (index, (start, end)) in zip([0] + ends, ends).enumerated() where start == end {
      throw Failure(
        .data, "a weighted source has no example to train on", at: sources[index].path,
        notes: ["none of its rows is used, or all of them are held out", "leave it out, or give it more data"])
    }
    return Mixture(ends: ends, weights: weights)
  }
}

extension SettingsType where Value == Recipe.Data.Source {
  /// A path, or an object with a path and a weight.
  static var source: Self {
    let weights = Recipe.Data.Source.weights
    let weight = SettingsType<Double>.number(from: weights.lowerBound, to: weights.upperBound)
    return Self(
      "a string", placeholder: Recipe.Data.Source(""),
      schema: [
        "anyOf": [
          ["type": "string", "minLength": 1],
          [
            "type": "object", "required": ["path"], "additionalProperties": false,
            "properties": ["path": ["type": "string", "minLength": 1], "weight": weight.schema],
          ],
        ]
      ],
      read: { value in
        if let path = value.string { return path.isEmpty ? nil : Recipe.Data.Source(path) }
        guard let members = value.object, members.allSatisfy({ ["path", "weight"].contains($0.key) }),
          let path = value["path"]?.string, !path.isEmpty
        else { return nil }
        guard let weight = value["weight"], !weight.isNull else { return Recipe.Data.Source(path) }
        guard let number = weight.double, Recipe.Data.Source.weights.contains(number) else { return nil }
        return Recipe.Data.Source(path, weight: number)
      },
      write: { source in
        guard let weight = source.weight else { return JSONValue(source.path) }
        return ["path": JSONValue(source.path), "weight": JSONValue(weight)]
      })
  }
}

extension SettingsType where Value == [Recipe.Data.Source] {
  /// One source or several.
  static var sources: Self {
    var type = SettingsType.oneOrMore(SettingsType<Recipe.Data.Source>.source)
    type.expectation += ", each a path or { \"path\": PATH, \"weight\": NUMBER }"
    return type
  }
}
