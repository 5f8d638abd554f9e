import CInstructionSet

/// The instruction sets that the kernels were compiled for, by the names in /proc/cpuinfo, separated by spaces.
///
/// It is a constant of the program: nothing may be computed here before it is known that this processor can run what the
/// compiler made of it.
package func compiledInstructionSets() -> UnsafePointer<CChar> { instruction_set_features() }
