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
    for (old, new) in zip(parameters, model.parameters) { new.takeRows(of: old) }
    return model
  }
}

extension Parameter {
  /// Takes over the rows of `other`; further rows become the mean of its rows.
  fileprivate func takeRows(of other: Parameter) {
    let (rows, columns) = (other.shape[0], other.shape.count / other.shape[0])
    precondition(
      shape.rank == other.shape.rank && shape.count / shape[0] == columns && shape[0] >= rows,
      "\(other.shape) does not fit into \(shape)")
    if let packed = other.packed {
      return pack(shape[0] > rows ? packed.appendingMeans(shape[0] - rows) : packed)
    }
    copy(mutableBuffer[0..<rows * columns], other.value.buffer)
    guard shape[0] > rows else { return }
    let mean = Storage(count: columns)
    columnMeans(mean.mutableBuffer, Matrix(other.value.buffer, rows: rows, columns: columns))
    for row in rows..<shape[0] { copy(mutableBuffer[row * columns..<(row + 1) * columns], mean.buffer) }
  }
}
