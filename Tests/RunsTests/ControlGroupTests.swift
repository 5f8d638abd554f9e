import Foundation
import Machine
import Support
import Testing

/// Limits that batch systems and containers set, in both versions of control groups.
@Suite struct ControlGroupTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func group(_ membership: String, _ files: [String: String]) throws -> ControlGroup {
    for (path, text) in files {
      let url = folder.url("root/\(path)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    try folder.write(membership, to: "cgroup")
    return ControlGroup(at: folder("root"), membership: folder("cgroup"))
  }

  /// As Slurm limits a job on machines with version 1, where each controller has a tree of its own.
  @Test func aJobsOwnLimitsCount() throws {
    let group = try group(
      "11:cpu,cpuacct:/slurm/job_7/step_0\n4:memory:/slurm/job_7/step_0\n1:name=systemd:/x\n0::/\n",
      [
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/slurm/job_7/memory.limit_in_bytes": "2147483648\n",
        "memory/slurm/job_7/memory.usage_in_bytes": "1073741824\n",
        "memory/slurm/job_7/memory.stat": "cache 1\ntotal_inactive_file 536870912\n",
        "memory/slurm/job_7/step_0/memory.limit_in_bytes": "9223372036854771712\n",
        "cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n",
        "cpu/slurm/job_7/step_0/cpu.cfs_quota_us": "150000\n",
        "cpu/slurm/job_7/step_0/cpu.cfs_period_us": "100000\n",
      ])
    #expect(group.memory == 2 << 30 && group.memoryLeft == 3 << 29)
    #expect(group.processors == 1.5)
  }

  /// In a container the path is the host's, and the container's own group is the root.
  @Test func aContainersLimitsAreAtTheRoot() throws {
    let group = try group(
      "4:memory:/docker/abc\n1:cpu:/docker/abc\n",
      [
        "memory/memory.limit_in_bytes": "1073741824\n", "cpu/cpu.cfs_quota_us": "200000\n",
        "cpu/cpu.cfs_period_us": "100000\n",
      ])
    #expect(group.memory == 1 << 30 && group.memoryLeft == 1 << 30 && group.processors == 2)
  }

  @Test func theTightestOfOneTreeCounts() throws {
    let group = try group(
      "0::/job/step\n",
      [
        "job/step/cpu.max": "max 100000\n", "job/cpu.max": "50000 100000\n", "job/step/memory.max": "4096\n",
        "job/step/memory.current": "1024\n", "job/memory.max": "8192\n",
      ])
    #expect(group.processors == 0.5 && group.memory == 4096 && group.memoryLeft == 3072)
    #expect(ControlGroup(at: folder("none"), membership: folder("none")).memory == nil)
  }
}
