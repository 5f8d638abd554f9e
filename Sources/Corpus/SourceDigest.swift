import Files

/// The SHA-256 of source files, cached in `CACHE/sources/` until a file's stamp changes: a corpus is digested once
/// and not at every start.
enum SourceDigest {
  static func sha256(of file: CorpusFile, cache: String) throws(Failure) -> String {
    let stamp = try FileStamp(of: file.path)
    let identity = "\(file.canonicalPath) \(stamp.text)"
    let folder = "\(cache)/sources"
    let path = "\(folder)/\(Digest.sha256(identity).prefix(16)).json"
    if let bytes = try? ReadableFile.contents(of: path, area: .data),
      let json = try? JSONValue.parse(bytes, source: path, area: .data), json["file"]?.string == identity,
      let digest = json["sha256"]?.string
    {
      return digest
    }
    let digest = try Digest.sha256(ofFile: file.path, area: .data)
    guard try FileStamp(of: file.path) == stamp else {
      throw Failure(.data, "the file changed while it was read", at: file.path)
    }
    if !stamp.isSettled { return digest }
    try Folder.create(folder)
    let json: JSONValue = ["file": JSONValue(identity), "sha256": JSONValue(digest)]
    try DurableFile.write(json.serialized(pretty: true), to: path)
    return digest
  }
}
