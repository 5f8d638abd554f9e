import Files
import Training

struct DoctorCommand: Command {
  static let name = "doctor"
  static let summary = "Shows what the machine offers: cores, memory, libraries"
  static let options = [Option.json]

  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) { isJSON = arguments.flag("json") }

  func run() throws(Failure) {
    let machine = Machine.current()
    if isJSON {
      let result: JSONValue = ["version": JSONValue(Build.version), "machine": machine.json]
      return Output.results.line(result.serialized())
    }
    let quota = machine.coreQuota.map { ", the control group grants \($0)" } ?? ""
    let limit = machine.memoryLimit.map { ", the control group's limit is \(gibibytes($0))" } ?? ""
    let rows = [
      ("train", Build.version),
      ("system", machine.system),
      ("processor", machine.processor),
      ("features", machine.features.joined(separator: " ")),
      ("cores", "\(machine.usableCores) usable of \(machine.onlineCores)\(quota)"),
      ("memory", "\(gibibytes(machine.availableMemory)) available of \(gibibytes(machine.memory))\(limit)"),
    ]
    for (name, value) in rows { Output.results.line("\(name.padded(to: 10)) \(value)") }
  }

  private func gibibytes(_ bytes: Int) -> String {
    let tenths = (Double(bytes) / Double(1 << 30) * 10).rounded() / 10
    return "\(tenths) GiB"
  }
}
