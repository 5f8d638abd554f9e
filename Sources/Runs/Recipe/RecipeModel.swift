import Files
import Glibc
import ModelFiles
import Models

extension Recipe {
  /// `model`: a description, or where the model comes from.
  package enum Model: Sendable {
    case described(ModelDescription)
    /// A run, a checkpoint folder or a Hugging Face folder, and the folder of an adapter for it, as PEFT saves one.
    case from(String, adapter: String? = nil)

    package init(from section: inout SettingsSection) {
      if section.has("from") {
        self = .from(
          section.required("from", .string, "A run, a checkpoint or a Hugging Face folder to start from"),
          adapter: section.optional("adapter", .string, "A PEFT folder with an adapter that the model starts with"))
      } else {
        self = .described(ModelDescription(from: &section))
      }
    }

    /// The run, checkpoint or folder that the model comes from; nil where it is described.
    package var source: String? { if case .from(let path, _) = self { path } else { nil } }

    /// The folder of the adapter that the model starts with.
    package var adapterSource: String? { if case .from(_, let path) = self { path } else { nil } }

    /// The paths that the model comes from, by their keys.
    var sources: [(key: String, path: String)] {
      guard case .from(let path, let adapter) = self else { return [] }
      var sources = [(key: "model.from", path: path)]
      if let adapter { sources.append((key: "model.adapter", path: adapter)) }
      return sources
    }

    /// The model on disk that a run starts with; nil where it is described.
    package func stored() throws(Failure) -> StoredModel? {
      guard let source else { return nil }
      do throws(Failure) {
        guard let adapterSource else { return try StoredModel(at: source) }
        return try PEFTFolder.open(adapterSource, base: source)
      } catch {
        if Path.exists(source) { throw error }
        var failure = error
        if let recipe = BuiltInRecipe.making(source) {
          failure.notes.append("`train run \(recipe)` makes it")
        } else if source.hasPrefix("checkpoints/") {
          failure.notes.append(
            "`train import MODEL \(source.shellWord)` puts one there, or name another: model.from=MODEL")
        }
        throw failure
      }
    }

    /// The model's description, nil when it comes from files.
    package var description: ModelDescription? {
      if case .described(let description) = self { description } else { nil }
    }
  }

  /// Where what a recipe starts with is not there, a sentence each: it may be made by another run, or be misspelt.
  package var absentSources: [String] {
    var sources = model.sources
    if case .from(let path)? = tokenizer { sources.append((key: "tokenizer.from", path: path)) }
    return sources.filter { access($0.path, F_OK) != 0 }.map { key, path in
      "nothing is at \(path) yet, which \(key) names: a run of this recipe needs it"
    }
  }
}
