import CHDF5
import Files

/// The numbers an array on disk is made of, all little-endian.
package enum ArrayElement: String, Sendable, CaseIterable {
  case float32, float64, int64, uint8

  package var size: Int {
    switch self {
    case .float32: 4
    case .float64, .int64: 8
    case .uint8: 1
    }
  }
}

/// A Swift type that arrays on disk can hold.
package protocol ArrayScalar: BitwiseCopyable, Sendable {
  static var element: ArrayElement { get }
}

extension Float: ArrayScalar { package static var element: ArrayElement { .float32 } }
extension Double: ArrayScalar { package static var element: ArrayElement { .float64 } }
extension Int64: ArrayScalar { package static var element: ArrayElement { .int64 } }
extension UInt8: ArrayScalar { package static var element: ArrayElement { .uint8 } }

/// An array to be written: a name, a shape, and a way to its memory that copies nothing.
package struct NamedArray {
  package let name: String
  package let shape: [Int]
  package let element: ArrayElement
  private let access: ((UnsafeRawBufferPointer) -> Void) -> Void

  /// An array whose elements, as many as `shape` holds, `access` passes to its argument, row-major. It is called each time
  /// they are needed and may compute them then. `shape` has at least one axis and no empty one.
  package init<Scalar: ArrayScalar>(
    _ name: String, shape: [Int], access: @escaping ((UnsafeBufferPointer<Scalar>) -> Void) -> Void
  ) {
    let count = shape.reduce(1, *)
    self.init(name, shape: shape, element: Scalar.element, count: count) { body in
      access { values in
        precondition(values.count == count, "\(name): shape \(shape) does not hold \(values.count) values")
        body(UnsafeRawBufferPointer(values))
      }
    }
  }

  /// An array of `values`, row-major.
  package init<Scalar: ArrayScalar>(_ name: String, shape: [Int], values: [Scalar]) {
    self.init(name, shape: shape, element: Scalar.element, count: values.count) { body in
      values.withUnsafeBytes(body)
    }
  }

  private init(
    _ name: String, shape: [Int], element: ArrayElement, count: Int,
    access: @escaping ((UnsafeRawBufferPointer) -> Void) -> Void
  ) {
    precondition(!name.isEmpty && !name.contains("/") && !name.contains("\0"), "\(name) cannot name an array")
    precondition(
      !shape.isEmpty && shape.allSatisfy { $0 > 0 } && shape.reduce(1, *) == count,
      "\(name): shape \(shape) does not hold \(count) values")
    self.name = name
    self.shape = shape
    self.element = element
    self.access = access
  }

  /// Calls `body` with the array's bytes, which are valid until it returns.
  func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> T) throws(Failure) -> T {
    var result: Result<T, Failure>?
    access { bytes in result = Result { () throws(Failure) in try body(bytes) } }
    return try result!.get()
  }
}

/// The arrays of one group of a file: `/model/`, say.
package struct ArrayGroup {
  package let name: String
  package let arrays: [NamedArray]

  /// The group `name`; its arrays have different names.
  package init(_ name: String, _ arrays: [NamedArray]) {
    precondition(!name.isEmpty && !name.contains("/"), "\(name) cannot name a group")
    precondition(Set(arrays.map(\.name)).count == arrays.count, "two arrays of group \(name) share a name")
    self.name = name
    self.arrays = arrays
  }
}

/// A value in a file's attributes.
package enum AttributeValue: Sendable, Equatable {
  case string(String)
  case integer(Int)
  case double(Double)

  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  package var double: Double? { if case .double(let value) = self { value } else { nil } }
}

/// Named attributes in the order they were given.
package struct Attributes: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  package private(set) var entries: [(name: String, value: AttributeValue)] = []

  package init() {}

  package init(dictionaryLiteral elements: (String, AttributeValue)...) {
    for (name, value) in elements { self[name] = value }
  }

  package subscript(name: String) -> AttributeValue? {
    get { entries.first { $0.name == name }?.value }
    set {
      entries.removeAll { $0.name == name }
      if let newValue { entries.append((name, newValue)) }
    }
  }

  package static func == (left: Attributes, right: Attributes) -> Bool {
    left.entries.elementsEqual(right.entries, by: ==)
  }

  /// A digest of names and values in any order: HDF5 has no checksum over long strings.
  var digest: String {
    var digest = Digest()
    for (name, value) in entries.sorted(by: { $0.name < $1.name }) {
      let text =
        switch value {
        case .string(let value): "s" + value
        case .integer(let value): "i\(value)"
        case .double(let value): "d\(value.bitPattern)"
        }
      digest.update("\(name.utf8.count):\(name)\(text.utf8.count):\(text)")
    }
    return digest.hexadecimal
  }
}
