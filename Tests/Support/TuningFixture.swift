import Files
import Foundation

/// Examples or pairs of a small model, with the three training steps PyTorch took on them, row by row, in float64.
package struct TuningFixture: Sendable {
  package let model: ModelFixture
  package let record: JSONValue
  /// Of the loss, by the parameters' names.
  package let gradients: [String: ReferenceArray]
  /// Before each step.
  package let losses: [Double]
  /// Before clipping.
  package let gradientNorms: [Double]

  package static let models = ["llama-untied-grouped", "gpt2"]

  /// The fixture of a kind, `sft` or `dpo`, for the model of that name.
  package init(_ kind: String, _ name: String) throws(Failure) {
    model = try ModelFixture(name)
    let path = fixtureFolder.appendingPathComponent("tuning/\(kind)-\(name)")
    record = try JSONValue.parse(
      ReadableFile.contents(of: path.path + ".json", area: .data), source: path.path, area: .data)
    gradients = try TensorFile(path.appendingPathExtension("safetensors")).arrays(prefix: "gradient.")
    losses = record["losses"]?.array?.compactMap(\.double) ?? []
    gradientNorms = record["gradient_norms"]?.array?.compactMap(\.double) ?? []
  }
}
