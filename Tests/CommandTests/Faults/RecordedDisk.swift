import Foundation
import Support

/// A disk as it was before a command, to which the changes that Tests/faults/fault.c recorded can be made again one by one, and
/// which then loses its power: what was not synchronised is gone.
struct RecordedDisk {
  /// What is lost with the power.
  enum Loss: CaseIterable, Sendable {
    /// Data that its file was not synchronised after; names stay.
    case data
    /// The second half of such data.
    case halfOfData
    /// Such data, and names that their folder was not synchronised after.
    case dataAndNames
  }

  struct Change {
    var kind: String
    var path: String
    var second: String
    var offset: Int
    var bytes: Data
  }

  private final class Node {
    var children: [String: Node]?
    var target: String?
    var data = Data()
    /// What a loss of power leaves of `data` and of `children`.
    var keptData = Data()
    var keptChildren: [String: Node] = [:]
    init(children: [String: Node]? = nil) { self.children = children }
  }

  private let root: String
  private let top: Node

  /// The contents of the folder at `path`, which changes will call `root`.
  init(_ path: String, as root: String) throws {
    self.root = root
    top = try Self.read(path)
  }

  private static func read(_ path: String) throws -> Node {
    let node = Node(children: [:])
    for name in try FileManager.default.contentsOfDirectory(atPath: path) {
      let inner = "\(path)/\(name)"
      let type = try FileManager.default.attributesOfItem(atPath: inner)[.type] as? FileAttributeType
      if type == .typeDirectory {
        node.children?[name] = try read(inner)
      } else {
        let file = Node()
        if type == .typeSymbolicLink {
          file.target = try FileManager.default.destinationOfSymbolicLink(atPath: inner)
        } else {
          file.data = try Data(contentsOf: URL(filePath: inner))
          file.keptData = file.data
        }
        node.children?[name] = file
      }
    }
    node.keptChildren = node.children ?? [:]
    return node
  }

  /// The changes in a record.
  static func changes(_ path: String) throws -> [Change] {
    let bytes = try Data(contentsOf: URL(filePath: path))
    var (changes, place) = ([Change](), bytes.startIndex)
    while let end = bytes[place...].firstIndex(of: 10) {
      let words = String(decoding: bytes[place..<end], as: UTF8.self).split(
        separator: "\t", omittingEmptySubsequences: false)
      let next = end + 1 + Int(words[4])!
      let data = Data(bytes[(end + 1)..<next])
      changes.append(
        Change(
          kind: String(words[0]), path: String(words[1]), second: String(words[2]), offset: Int(words[3])!, bytes: data)
      )
      place = next
    }
    return changes
  }

  // MARK: Changes

  /// The folder of a path and the name in it; nil outside of the disk.
  private func place(_ path: String) -> (folder: Node, name: String)? {
    guard path.hasPrefix(root + "/") else { return nil }
    let words = path.dropFirst(root.count + 1).split(separator: "/").map(String.init).filter { $0 != "." }
    var folder = top
    for word in words.dropLast() {
      guard let next = folder.children?[word] else { return nil }
      folder = next
    }
    return words.last.map { (folder, $0) }
  }

  private func node(_ path: String) -> Node? {
    if path == root || path == "\(root)/." { return top }
    return place(path).flatMap { $0.folder.children?[$0.name] }
  }

  func make(_ change: Change) {
    switch change.kind {
    case "write":
      guard let node = node(change.path) else { return }
      let missing = change.offset + change.bytes.count - node.data.count
      if missing > 0 { node.data.append(Data(count: missing)) }
      node.data.replaceSubrange(change.offset..<change.offset + change.bytes.count, with: change.bytes)
    case "truncate":
      guard let node = node(change.path) else { return }
      let missing = change.offset - node.data.count
      node.data = missing > 0 ? node.data + Data(count: missing) : Data(node.data.prefix(change.offset))
    case "fsync":
      guard let node = node(change.path) else { return }
      (node.keptData, node.keptChildren) = (node.data, node.children ?? [:])
    case "create", "empty", "mkdir":
      guard let (folder, name) = place(change.path) else { return }
      if folder.children?[name] == nil { folder.children?[name] = Node(children: change.kind == "mkdir" ? [:] : nil) }
      if change.kind == "empty" { folder.children?[name]?.data = Data() }
    case "symlink":
      guard let (folder, name) = place(change.path) else { return }
      folder.children?[name] = Node()
      folder.children?[name]?.target = change.second
    case "unlink", "rmdir":
      guard let (folder, name) = place(change.path) else { return }
      folder.children?[name] = nil
    case "rename":
      guard let (folder, name) = place(change.path), let (target, second) = place(change.second) else { return }
      let moved = folder.children?.removeValue(forKey: name)
      target.children?[second] = moved
    default: break
    }
  }

  // MARK: The loss

  /// Writes what is left after a loss of power into the folder at `path`.
  func write(to path: String, losing loss: Loss) throws { try Self.write(top, to: path, loss) }

  private static func write(_ folder: Node, to path: String, _ loss: Loss) throws {
    for (name, node) in loss == .dataAndNames ? folder.keptChildren : folder.children ?? [:] {
      let inner = "\(path)/\(name)"
      if node.children != nil {
        try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
        try write(node, to: inner, loss)
      } else if let target = node.target {
        try FileManager.default.createSymbolicLink(atPath: inner, withDestinationPath: target)
      } else {
        let half = node.keptData.count + (node.data.count - node.keptData.count) / 2
        let isTorn = loss == .halfOfData && node.data.count > node.keptData.count
        try (isTorn ? Data(node.data.prefix(half)) : node.keptData).write(to: URL(filePath: inner))
      }
    }
  }
}
