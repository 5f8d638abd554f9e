import Files
import Models

extension Recipe {
  /// `model`: a description, or where the model comes from.
  package enum Model: Sendable {
    case described(ModelDescription)
    /// A run, a checkpoint folder or a Hugging Face folder.
    case from(String)

    package init(from section: inout SettingsSection) {
      if section.has("from") {
        self = .from(section.required("from", .string, "A run, a checkpoint or a Hugging Face folder to start from"))
      } else {
        self = .described(ModelDescription(from: &section))
      }
    }

    /// The model's description, nil when it comes from files.
    package var description: ModelDescription? {
      if case .described(let description) = self { description } else { nil }
    }
  }
}
