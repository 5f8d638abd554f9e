import Corpus
import Files
import ModelFiles
import Tokenizers
import Training

extension Recipe {
  /// Whether its tokenizer is made from its data.
  var trainsTokenizer: Bool { if case .train? = tokenizer { true } else { false } }
}

/// Makes or finds the tokenizer that a recipe asks for.
package enum TokenizerSource {
  /// The tokenizer of `recipe`. One that is trained is kept under `cache`, by the digest of its text and settings.
  package static func tokenizer(
    for recipe: Recipe, cache: String = "data/.cache", note: (String) -> Void
  ) throws(Failure) -> Tokenizer? {
    switch recipe.tokenizer {
    case .bytes: .bytes
    case .train(let settings): try trained(settings, on: recipe.data, cache: cache, note: note)
    case .from(let path): try Tokenizer(at: path)
    case nil: nil
    }
  }

  private static func trained(
    _ settings: Recipe.Tokenizer.Training, on data: Recipe.Data, cache: String, note: (String) -> Void
  ) throws(Failure) -> Tokenizer {
    let key = try digest(of: settings, data)
    let path = "\(cache)/tokenizers/\(key.prefix(16)).json"
    if let kept = try kept(path) { return kept }
    note("training a tokenizer of \(settings.vocabularySize) tokens")
    let watch = Stopwatch()
    var trainer = try TokenizerTrainer(
      specialTokens: Tokenizer.defaultSpecialTokens + settings.specialTokens, preTokenizer: settings.pattern)
    try CorpusText.read(
      data.train, format: data.format, onError: data.onError, textColumn: data.textColumn
    ) { (text) throws(Failure) in
      trainer.add(text)
    }
    let tokenizer = try trainer.tokenizer(vocabularySize: settings.vocabularySize)
    try Folder.create(Folder.parent(of: path))
    try DurableFile.write(tokenizer.json(), to: path)
    try DurableFile.write(Digest.sha256(tokenizer.json()), to: "\(path).sha256")
    note("trained it in \(Progress.fixed(watch.seconds, 1)) s: \(path)")
    return tokenizer
  }

  /// The tokenizer that is kept at `path`; nil where there is none, or it is no longer what was written.
  private static func kept(_ path: String) throws(Failure) -> Tokenizer? {
    do throws(Failure) {
      let text = try ReadableFile.contents(of: path, area: .tokenizer)
      let digest = try ReadableFile.contents(of: "\(path).sha256", area: .tokenizer, limit: 64)
      return Digest.sha256(text) == String(decoding: digest, as: UTF8.self)
        ? try Tokenizer(json: text, source: path) : nil
    } catch {
      if error.area == .resources { throw error }
      return nil
    }
  }

  private static func digest(of settings: Recipe.Tokenizer.Training, _ data: Recipe.Data) throws(Failure) -> String {
    var digest = Digest()
    let words = ["\(settings.vocabularySize)", settings.pattern.rawValue] + settings.specialTokens
    digest.update(Array(words.joined(separator: "\0").utf8))
    try CorpusText.read(
      data.train, format: data.format, onError: data.onError, textColumn: data.textColumn
    ) { (text) throws(Failure) in
      digest.update(text)
    }
    return digest.hexadecimal
  }
}
