import Autograd
import Files
import Models
import Testing

/// What the table of architectures says is true of the models.
@Suite struct ArchitectureTests {
  @Test func everyArchitectureHasANameOfItsOwn() {
    let all = Architectures.all
    #expect(Set(all.map(\.name)).count == all.count)
    #expect(Set(all.flatMap(\.modelTypes)).count == all.flatMap(\.modelTypes).count)
    #expect(Set(all.flatMap(\.gguf).map(\.architecture)).count == all.flatMap(\.gguf).count)
    #expect(Set(all.flatMap(\.gguf).map(\.modelType)).count == all.flatMap(\.gguf).count)
    for architecture in all { #expect(architecture.configuration.architecture.name == architecture.name) }
  }

  /// The models below are all there are, tied and untied, with and without biases.
  @Test func everyNamingOfGGUFHasAModel() {
    let tested = Set(ConfigurationTests.texts.map { (try? configuration($0).huggingFaceModel.type) ?? "" })
    #expect(tested == Set(Architectures.all.flatMap(\.gguf).map(\.modelType)))
  }

  @Test(arguments: ConfigurationTests.texts) func everyTensorAndKeyHasANameInEveryFormat(_ text: String) throws {
    let configuration = try configuration(text)
    let architecture = configuration.architecture
    #expect(architecture.modelTypes.contains(configuration.huggingFaceModel.type))
    let naming = try #require(architecture.gguf.first { $0.modelType == configuration.huggingFaceModel.type })
    for key in naming.keys {
      let value = try #require(configuration.json[key.config], "\(key.config)")
      #expect(key.isFloat ? value.double != nil : value.integer != nil || value.bool != nil, "\(key.config)")
    }
    let names = configuration.makeModel(seed: nil).namedParameters.map(\.name)
    for name in names {
      #expect(name == architecture.huggingFace.head || name.hasPrefix(architecture.huggingFace.prefix), "\(name)")
      let inBlock = name.hasPrefix(naming.blockPrefix)
      let rest = inBlock ? name.dropFirst(naming.blockPrefix.count).drop { $0 != "." }.dropFirst() : name[...]
      #expect((inBlock ? naming.blockTensors : naming.tensors).filter { $0.name == rest }.count == 1, "\(name)")
    }
    for tensors in [naming.tensors, naming.blockTensors] {
      #expect(Set(tensors.map(\.gguf)).count == tensors.count && Set(tensors.map(\.name)).count == tensors.count)
      for case .rotaryPairs(let headsKey) in tensors.map(\.layout) {
        #expect(configuration.json[headsKey]?.integer != nil, "\(headsKey)")
      }
    }
  }

  private func configuration(_ text: String) throws -> any ModelConfiguration {
    let description = try ModelDescription(configuration: text, source: "config.json")
    return description.configuration(vocabularySize: try #require(description.vocabularySize))
  }
}
