import Checkpoints
import Files
import Foundation
import Kernels
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// Numbers that are hard to write or to compare.
@Suite struct ExportedNumbersTests {
  private let scratch = try! ScratchFolder()

  private func opened(_ contents: ArrayFileContents) throws -> StoredModel {
    let path = scratch("\(UUID().uuidString).h5")
    try contents.write(to: path)
    return try StoredModel(at: path)
  }

  /// A model that has diverged is exported as it is.
  @Test func whatIsNotFiniteIsTheSame() throws {
    let configuration = try TinyModel.configuration("llama")
    let model = configuration.makeModel(seed: 2)
    model.namedParameters[0].mutableBuffer[0..<3].assign([.nan, .infinity, -.infinity])
    let stored = try opened(
      ModelFile.contents(model, configuration, tokenizer: .bytes, chatTemplate: "", step: 0))
    for (format, numbers) in [
      (Export.Format.huggingFace, Export.NumberFormat.float32), (.gguf, .float32), (.gguf, .float16),
    ] {
      _ = try Export(to: format, numbers: numbers, overwrite: true).write(stored, to: scratch("out-\(format)"))
    }
  }

  /// The factors alone do not say what they were computed from where no wavelength is long enough.
  @Test(arguments: [(8, 8192, 8.0), (8, 64, 8.0), (4, 8192, 32.0), (32, 8192, 1.5)])
  func theScalingOfWavelengthsComesBack(_ heads: Int, _ positions: Int, _ factor: Double) throws {
    let configuration = Llama.Configuration {
      ($0.vocabularySize, $0.hiddenSize, $0.intermediateSize, $0.layers) = (257, 64, 32, 1)
      ($0.heads, $0.keyValueHeads, $0.maximumPositions) = (heads, heads, 64)
      $0.ropeScaling = RopeScaling()
      ($0.ropeScaling!.factor, $0.ropeScaling!.originalPositions) = (factor, positions)
    }
    let stored = try opened(
      ModelFile.contents(
        configuration.makeModel(seed: 2), configuration, tokenizer: .bytes, chatTemplate: "", step: 0))
    for format in [Export.Format.huggingFace, .gguf] {
      _ = try Export(to: format).write(stored, to: scratch("out-\(format)"))
      let back = try StoredModel(at: scratch("out-\(format)"))
      #expect((back.configuration as? Llama.Configuration)?.ropeScaling == configuration.ropeScaling, "\(format)")
    }
  }

  /// Files of other programs have the factors alone.
  @Test(arguments: [(4, 32.0, 30000.0), (8, 8.0, 30000.0), (8, 8.0, 12000.0)])
  func theScalingFollowsFromItsFactors(_ heads: Int, _ factor: Double, _ theta: Double) throws {
    let configuration = Llama.Configuration {
      ($0.vocabularySize, $0.hiddenSize, $0.intermediateSize, $0.layers) = (257, 64, 32, 1)
      ($0.heads, $0.keyValueHeads, $0.maximumPositions, $0.ropeTheta) = (heads, heads, 64, theta)
      $0.ropeScaling = RopeScaling()
      $0.ropeScaling!.factor = factor
    }
    let stored = try opened(
      ModelFile.contents(
        configuration.makeModel(seed: 2), configuration, tokenizer: .bytes, chatTemplate: "", step: 0))
    _ = try Export(to: .gguf).write(stored, to: scratch("own.gguf"))
    let own = try GGUFFile(scratch("own.gguf"))
    let metadata = own.metadata.map { (key: $0.key, value: $0.value) }.filter { !$0.key.hasPrefix("train.") }
    #expect(metadata.count == own.metadata.count - 1)
    let tensors = try own.tensors.map { tensor in
      (
        array: NamedArray(tensor.name, shape: tensor.shape, values: try own.read(tensor)),
        encoding: GGUFEncoding.float32
      )
    }
    try GGUFFile.write(metadata: metadata, tensors, to: scratch("other.gguf"))
    let back = try StoredModel(at: scratch("other.gguf"))
    let scaling = (back.configuration as? Llama.Configuration)?.ropeScaling
    // With a theta of 12,000 the longest wavelength is an interpolated one.
    #expect(scaling == configuration.ropeScaling, "\(scaling as Any)")
  }
}
