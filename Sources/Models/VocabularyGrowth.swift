import Autograd
import Kernels

extension LanguageModel {
  /// This model with the larger vocabulary of `configuration`: new tokens get the mean of the old ones' vectors, so that they
  /// change the probabilities of the others as little as one more average token does (Hewitt 2021, "Initializing new word
  /// embeddings for pretrained language models").
  package func grown(to configuration: any ModelConfiguration) -> any LanguageModel {
    precondition(
      configuration.vocabularySize >= vocabularySize,
      "a vocabulary of \(vocabularySize) cannot grow to \(configuration.vocabularySize)")
    if configuration.vocabularySize == vocabularySize { return self }
    let model = configuration.makeModel(seed: nil)
    for (old, new) in zip(namedParameters, model.namedParameters) {
      precondition(old.name == new.name, "\(old.name) became \(new.name)")
      new.copyRows(of: old.value)
    }
    return model
  }
}

extension NamedParameter {
  /// Copies the rows of `other`; further rows become the mean of its rows.
  fileprivate func copyRows(of other: Tensor) {
    let (shape, rows) = (value.shape, other.shape[0])
    let columns = other.shape.count / rows
    precondition(shape.count / shape[0] == columns && shape[0] >= rows, "\(other.shape) does not fit into \(shape)")
    copy(mutableBuffer[0..<rows * columns], other.buffer)
    guard shape[0] > rows else { return }
    let mean = Storage(count: columns)
    columnMeans(mean.mutableBuffer, Matrix(other.buffer, rows: rows, columns: columns))
    for row in rows..<shape[0] { copy(mutableBuffer[row * columns..<(row + 1) * columns], mean.buffer) }
  }
}
