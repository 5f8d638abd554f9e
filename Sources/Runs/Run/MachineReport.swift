import Files
import Machine

/// What the process has to work with, for environment.json and `train doctor`.
package enum MachineReport {
  /// The vector instructions that kernels care about.
  package static var features: [String] {
    let wanted = ["sse4_2", "avx", "fma", "avx2", "avx512f", "avx512bw", "avx512_bf16", "amx_tile", "asimd"]
    return wanted.filter(Processor.instructionSets.contains)
  }

  package static var json: JSONValue {
    var json: JSONValue = [
      "processor": JSONValue(Processor.name), "features": JSONValue(features.map { JSONValue($0) }),
      "cores": JSONValue(Processor.onlineCount), "usable_cores": JSONValue(Processor.usableCount),
      "memory": JSONValue(SystemMemory.total), "available_memory": JSONValue(SystemMemory.available),
      "system": JSONValue(OperatingSystem.description),
    ]
    if let quota = Processor.quota { json["core_quota"] = JSONValue(quota) }
    if let limit = SystemMemory.limit { json["memory_limit"] = JSONValue(limit) }
    return json
  }
}
