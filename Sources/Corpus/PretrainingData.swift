import Files
import Tokenizers

/// The token streams of a pretraining run: text, JSONL or token shards, prepared and checked.
public struct PretrainingData: Sendable {
  /// What is trained on: a stream, or one of each weighted source.
  public let trained: [TokenStream]
  /// What is held out, where the run holds anything out: a stream, or one of each weighted source.
  public let heldOut: [TokenStream]
  /// Warnings for the user, a sentence each.
  public let warnings: [String]

  /// Where the data comes from.
  public struct Sources: Sendable {
    /// Patterns of paths to train on.
    public var train: [String]
    /// The share that each of `train` has in what is read; nil reads all of it equally often.
    public var weights: [Double]?
    /// Patterns of paths to hold out.
    public var validation: [String]
    /// The part of `train` to hold out when there are no `validation` files.
    public var validationFraction: Double?
    /// What the documents to hold out are drawn by; nil holds out the last ones.
    public var splitSeed: UInt64?
    /// How the files are written; by default their content tells.
    public var format: CorpusFormat?

    /// Files to train on and to hold out.
    public init(
      train: [String], weights: [Double]? = nil, validation: [String] = [], validationFraction: Double? = nil,
      splitSeed: UInt64? = nil, format: CorpusFormat? = nil
    ) {
      precondition(weights == nil || weights!.count == train.count, "\(train.count) sources, \(weights!.count) weights")
      self.train = train
      self.weights = weights
      self.validation = validation
      self.validationFraction = validationFraction
      self.splitSeed = splitSeed
      self.format = format
    }
  }

  /// What opening reports while it works.
  public enum Progress: Sendable, Equatable {
    /// Text is being prepared.
    case preparing(PreparedCorpus.Progress)
    /// A shard is being checked: tokens read of all its tokens.
    case scanning(path: String, tokens: Int, ofTokens: Int)
  }

  /// Opens the data of a run; what is missing in `cache` is prepared first.
  ///
  /// - Parameters:
  ///   - tokenizer: encodes text; token shards need none.
  ///   - vocabularySize: the model's vocabulary, which all token ids must be inside.
  /// - Throws: `Failure` of area `.data`, naming the file and what is wrong with it; `.model` when the tokenizer does not
  ///   fit the model; `.resources` for a full disk.
  public static func open(
    _ sources: Sources, tokenizer: Tokenizer?, vocabularySize: Int, cache: String = "data/.cache",
    options: PreparedCorpus.Options = .init(), progress: (Progress) -> Void = { _ in }
  ) throws(Failure) -> PretrainingData {
    let (train, validation, overlap) = try files(of: sources)
    var warnings = overlap + zip(sources.train, train).compactMap { warning(ofMixed: $1, in: $0) }
    func stream(_ files: [CorpusFile]) throws(Failure) -> TokenStream {
      if files[0].format.holdsTokens {
        return try TokenStream(scanning: files, vocabularySize: vocabularySize, cache: cache) {
          progress(.scanning(path: $0, tokens: $1, ofTokens: $2))
        }
      }
      guard let tokenizer else {
        throw Failure(.data, "text needs a tokenizer", at: files[0].path, notes: ["give the recipe a \"tokenizer\""])
      }
      guard tokenizer.vocabularySize <= vocabularySize else {
        throw Failure(
          .model, "the tokenizer has more tokens than the model",
          notes: ["\(tokenizer.vocabularySize) tokens, a vocab_size of \(vocabularySize)", "raise model.vocab_size"])
      }
      let corpus = try PreparedCorpus.prepare(files, tokenizer: tokenizer, cache: cache, options: options) {
        progress(.preparing($0))
      }
      if corpus.skippedRows > 0 { warnings.append("\(corpus.skippedRows) rows of \(files[0].path) ... were left out") }
      return corpus.stream
    }
    var (trained, heldOut) = ([TokenStream](), [TokenStream]())
    let groups = sources.weights == nil ? [train.flatMap(\.self)] : train
    for files in groups {
      let whole = try stream(files)
      guard validation.isEmpty, let fraction = sources.validationFraction else {
        trained.append(whole)
        continue
      }
      let (head, tail) = try whole.split(fraction: fraction, seed: sources.splitSeed)
      let share = Double(tail.count) / Double(whole.count)
      if share > 1.5 * fraction {
        let percent = Int((100 * share).rounded())
        warnings.append("\(percent) % of the tokens are held out: no fewer, as a document is held out as a whole")
      }
      trained.append(head)
      heldOut.append(tail)
    }
    if !validation.isEmpty { heldOut.append(try stream(validation)) }
    return PretrainingData(trained: trained, heldOut: heldOut, warnings: warnings)
  }

  /// What is trained on, where it is one stream.
  public var train: TokenStream { trained[0] }

  /// What is held out, where it is one stream; nil where nothing is.
  public var validation: TokenStream? { heldOut.first }

  /// Checks what can be checked without reading the data through: that the files are there, are what they seem, that shards
  /// have the length their headers say, and that tables have a header. All problems are reported together; the result is the warnings.
  public static func validate(_ sources: Sources) throws(Failure) -> [String] {
    let (train, validation, warnings) = try files(of: sources)
    var failures: [Failure] = []
    for file in train.flatMap(\.self) + validation {
      do throws(Failure) {
        if file.format.holdsTokens { _ = try Shard(file.path, raw: file.format == .uint16) }
        if let separator = file.format.separator { _ = try DelimitedRows(file.path, separator: separator) }
      } catch {
        failures.append(error)
      }
    }
    if let failure = Failure.all(failures) { throw failure }
    return warnings
  }

  private static func files(
    of sources: Sources
  ) throws(Failure) -> (train: [[CorpusFile]], validation: [CorpusFile], warnings: [String]) {
    var failures: [Failure] = []
    func resolve(_ patterns: [String]) -> [[CorpusFile]] {
      do throws(Failure) {
        return try CorpusFile.groups(patterns, format: sources.format)
      } catch {
        failures.append(error)
        return []
      }
    }
    let (train, validation) = (resolve(sources.train), resolve(sources.validation).flatMap(\.self))
    if let failure = Failure.all(failures) { throw failure }
    guard !train.allSatisfy(\.isEmpty) else {
      throw Failure(.data, "there is nothing to train on", notes: ["data.train names no file"])
    }
    var trained: Set<String> = []
    let repeated = train.flatMap(\.self).filter { !trained.insert($0.canonicalPath).inserted }
    let warnings = validation.filter { trained.contains($0.canonicalPath) }.map {
      "\($0.path) is trained on and held out: its validation loss says nothing about new text"
    }
    return (train, validation, warnings + warning(ofRepeated: repeated))
  }

  /// What to say of a folder that has rows, and texts beside them: of code both are meant, of a data set the rows alone.
  private static func warning(ofMixed files: [CorpusFile], in pattern: String) -> String? {
    let texts = files.filter { $0.format == .text }
    guard !texts.isEmpty, texts.count < files.count, Folder.exists(pattern) else { return nil }
    let others = texts.count > 4 ? " and \(texts.count - 4) more" : ""
    return "rows and texts are in \(pattern), and both are trained on: "
      + "\(texts.prefix(4).map(\.path).joined(separator: ", "))\(others); a pattern names one of them, \"\(pattern)/*.jsonl\""
  }

  /// What is to be said of files that data.train names again.
  private static func warning(ofRepeated files: [CorpusFile]) -> [String] {
    guard let first = files.first else { return [] }
    let others = files.count > 1 ? " and \(files.count - 1) more" : ""
    return [
      "data.train names a file more than once: \(first.path)\(others); it is read as often, and what validation_fraction holds out "
        + "of it may be trained on, too"
    ]
  }
}

extension TokenStream {
  /// A stream over shards that were made elsewhere, after one reading of each: no document boundaries.
  init(
    scanning files: [CorpusFile], vocabularySize: Int, cache: String,
    progress: (_ path: String, _ tokens: Int, _ ofTokens: Int) -> Void
  ) throws(Failure) {
    var shards: [Shard] = []
    var digests: [String] = []
    for file in files {
      let shard = try Shard(file.path, raw: file.format == .uint16)
      let scan = try ShardScan(of: shard, cache: cache) { progress(file.path, $0, shard.count) }
      try scan.check(shard, vocabularySize: vocabularySize)
      shards.append(shard)
      digests.append(scan.digest)
    }
    var ends: [Int] = []
    for shard in shards { ends.append((ends.last ?? 0) + shard.count) }
    self.init(
      shards: shards, digests: digests, documents: nil, vocabularySize: vocabularySize, sourceEnds: ends)
  }
}
