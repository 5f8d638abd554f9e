import Autograd
import Checkpoints
import Files
import Foundation
import Inference
import Kernels
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

private let stories = "models/model-stories260K"
private let smol = "models/model-smollm2-135m-instruct"

extension LanguageModel {
  /// The logits after each of the tokens.
  fileprivate func allLogits(_ tokens: [Int32]) -> [[Float]] {
    let elements = logits(tokens, shape: [1, tokens.count], layout: SequenceLayout(rows: 1, columns: tokens.count))
      .elements
    return tokens.indices.map { Array(elements[$0 * vocabularySize..<($0 + 1) * vocabularySize]) }
  }

  /// The mean of -ln p(token) over all tokens but the first.
  fileprivate func meanLoss(_ tokens: [Int32]) -> (sum: Double, count: Int) {
    let losses = zip(allLogits(tokens), tokens.dropFirst()).map { logits, target in
      let top = Double(logits.max()!)
      let normalizer = top + log(logits.reduce(0) { $0 + exp(Double($1) - top) })
      return normalizer - Double(logits[Int(target)])
    }
    return (losses.reduce(0, +), losses.count)
  }
}

/// The five likeliest tokens and their logits.
private func top(_ logits: [Float]) -> [(id: Int, logit: Float)] {
  logits.indices.sorted { logits[$0] > logits[$1] }.prefix(5).map { ($0, logits[$0]) }
}

private func expectTop(_ logits: [Float], _ expected: [(Int, Float)], within bound: Float) {
  let found = top(logits)
  #expect(found.map(\.id) == expected.map(\.0))
  for (one, other) in zip(found, expected) { #expect(abs(one.logit - other.1) <= bound, "\(found)") }
}

private func greedy(_ count: Int) -> GenerationOptions {
  var options = GenerationOptions()
  options.sampling.temperature = 0
  options.maximumTokens = count
  return options
}

/// Karpathy's 260K model: the values are those of an independent forward pass in float32.
@Suite(.needsSharedData(stories))
struct StoriesModelTests {
  private func model() throws -> TextGenerator {
    let path = try #require(SharedData.url("\(stories)/stories260K.bin")).path
    let stored = try StoredModel(at: path)
    #expect(stored.notes.isEmpty && stored.endTokens == [2, 1])
    return try TextGenerator(stored)
  }

  @Test func logitsAndLossAreTheRecordedOnes() throws {
    let generator = try model()
    expectTop(
      generator.model.allLogits([1])[0],
      [(403, 17.02352), (385, 15.40621), (410, 13.10826), (317, 12.76917), (407, 12.41809)], within: 2e-4)
    let tokens = try generator.tokens(ofPrompt: "Once upon a time, there was a little girl named Lily.")
    #expect(tokens == [1, 403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317, 426])
    let (sum, count) = generator.model.meanLoss(tokens)
    #expect(count == 15 && abs(sum / 15 - 0.100137) < 2e-6)
  }

  @Test func theTextIsThePublishedOne() throws {
    let generator = try model()
    let completion = try generator.complete(generator.tokens(ofPrompt: ""), options: greedy(200))
    let page = try String(contentsOf: #require(SharedData.url("\(stories)/stories260K.md")), encoding: .utf8)
    #expect(completion.tokens.count == 200)
    #expect(completion.text.hasPrefix("Once upon a time"))
    #expect(page.contains(completion.text))
  }

  private static let samples = "text/text-tinystories-samples/tinystories_sample_cs336.txt"

  @Test(.needsSharedData(samples))
  func theLossOnStoriesIsTheRecordedOne() throws {
    let generator = try model()
    let text = try String(contentsOf: #require(SharedData.url(Self.samples)), encoding: .utf8)
    let pieces = text.components(separatedBy: "<|endoftext|>")
      .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.filter { $0.count > 200 }
    #expect(pieces.count == 5)
    var (sum, count) = (0.0, 0)
    for piece in pieces {
      let tokens = try generator.tokens(ofPrompt: piece).prefix(512)
      let part = generator.model.meanLoss(Array(tokens))
      (sum, count) = (sum + part.sum, count + part.count)
    }
    #expect(count == 1804)
    #expect(abs(sum / Double(count) - 1.2664) < 1e-4)
  }
}

/// SmolLM2-135M-Instruct, quantised to Q4_1: the values are those of an independent reader and forward pass in float32.
@Suite(.serialized, .needsSharedData(smol))
struct SmolModelTests {
  private func model() throws -> TextGenerator {
    let path = try #require(SharedData.url("\(smol)/SmolLM2-135M-Instruct.Q4_1.gguf")).path
    let stored = try StoredModel(at: path)
    #expect(stored.notes.isEmpty && stored.endTokens == [2, 0, 4])
    #expect(stored.chatTemplate.hasPrefix("{% for message in messages %}"))
    #expect(stored.configuration.parameterCount == 134_515_008)
    return try TextGenerator(stored)
  }

  @Test func logitsAndTextsAreTheRecordedOnes() throws {
    let generator = try model()
    #expect(generator.tokenizer.endOfText == 2 && !generator.tokenizer.addsBeginningOfText)
    let capital = try generator.tokens(ofPrompt: "The capital of France is")
    #expect(capital == [504, 3575, 282, 4649, 314])
    expectTop(
      generator.model.allLogits(capital).last!,
      [(7042, 17.371), (260, 14.889), (4528, 13.245), (2250, 13.009), (1315, 12.952)], within: 2e-3)
    let text = try generator.complete(capital, options: greedy(16))
    #expect(text.tokens == [7042, 30, 198, 198, 504, 2988, 314, 42, 216, 34, 32, 33, 40, 29, 32, 33])
    #expect(text.text == " Paris.\n\nThe answer is: 2018-01")
    let gravity = try generator.tokens(ofPrompt: "Gravity is")
    #expect(gravity == [22007, 6463, 314])
    expectTop(
      generator.model.allLogits(gravity).last!,
      [(253, 23.975), (260, 22.987), (441, 21.751), (1129, 21.659), (4959, 21.487)], within: 2e-3)
    let fact = try generator.complete(gravity, options: greedy(16))
    #expect(
      fact.text
        == " a fundamental concept in physics that describes the curvature of spacetime caused by the presence of")
  }

  @Test func itAnswersInItsTemplate() throws {
    let generator = try model()
    let prompt = try generator.tokens(
      ofPrompt: """
        <|im_start|>system
        You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
        <|im_start|>user
        What is the capital of France?<|im_end|>
        <|im_start|>assistant

        """)
    #expect(prompt.count == 37)
    let answer = try generator.complete(prompt, options: greedy(32))
    #expect(answer.text == "The capital of France is Paris.")
    #expect(answer.tokens == [504, 3575, 282, 4649, 314, 7042, 30, 2])
    #expect(answer.stopReason == .endOfText)
  }
}
