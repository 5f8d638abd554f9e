import Files
import Glibc
import Machine

/// Which processors a rank has, and how many threads are its share where several ranks have the same.
package struct ProcessorShare: Equatable, Sendable {
  /// What identifies the machine that a rank runs on: its kernel's start.
  package let machine: String
  /// The numbers of the processors that the rank may run on.
  package let processors: [Int]
  /// The processors that the control group grants, shared by all ranks on the machine; nil for no limit.
  package let quota: Double?

  package init(machine: String, processors: [Int], quota: Double?) {
    (self.machine, self.processors, self.quota) = (machine, processors, quota)
  }

  /// That of this process.
  package static var own: ProcessorShare {
    // A mask may have bits for processors that could be plugged in.
    let allowed = Processor.allowed
    let online = allowed.count > Processor.onlineCount ? allowed.filter { $0 < Processor.onlineCount } : allowed
    return ProcessorShare(machine: OperatingSystem.bootIdentity, processors: online, quota: Processor.quota)
  }

  /// The threads of each rank: a processor that several ranks of a machine may run on is divided among them.
  package static func threads(of ranks: [ProcessorShare]) -> [Int] {
    ranks.map { own in
      let neighbours = ranks.filter { $0.machine == own.machine }
      let share = own.processors.reduce(0.0) { sum, processor in
        sum + 1 / Double(max(1, neighbours.count { $0.processors.contains(processor) }))
      }
      let granted = own.quota.map { $0 / Double(max(1, neighbours.count)) } ?? .infinity
      return max(1, Int((min(share, granted) + 1e-9).rounded(.down)))
    }
  }

  package var message: Message {
    var message = Message()
    message.append(machine)
    message.append(quota ?? -1)
    message.append(processors.count)
    for processor in processors { message.append(processor) }
    return message
  }

  package init(_ message: Message) {
    var message = message
    machine = message.string()
    let quota = message.double()
    self.quota = quota < 0 ? nil : quota
    processors = (0..<message.integer()).map { _ in message.integer() }
  }
}
