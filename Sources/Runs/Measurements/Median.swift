extension [Double] {
  /// The middle one, of an even number the larger of both. There must be one.
  var median: Double { sorted()[count / 2] }
}
