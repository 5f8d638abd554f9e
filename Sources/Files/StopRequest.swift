import CSignals

/// What signals have asked of the process: to stop, or to save.
///
/// Handlers only set flags; whoever works long asks for them where it can act: between micro-batches, between files, between
/// megabytes of a text.
package enum StopRequest {
  /// Makes writing to a closed pipe, or past the limit of a file's size, an error instead of the end of the process.
  package static func ignoreWriteSignals() { csignals_ignore_write_signals() }

  /// From here on TERM, INT and HUP ask to stop and USR1 to save. A second TERM or INT ends the process at once.
  package static func install() { csignals_install(0) }

  /// From here on TERM, INT and HUP ask to stop; the process ends at once when it has not done so `seconds` later.
  package static func install(grace seconds: UInt32) { csignals_install(seconds) }

  /// The step that is being taken: a signal that asks to stop or to save is answered with it at once. 0 for none.
  package static func isTaking(step: Int) { csignals_set_step(Int32(clamping: step)) }

  /// The signal that asked to stop; nil when none has.
  package static var signal: Int32? {
    let number = csignals_stop()
    return number == 0 ? nil : number
  }

  /// Stops as by a signal that another process has had. A signal that comes later is the first one of this process.
  package static func adopt(signal: Int32) { csignals_adopt(signal) }

  /// The exit code after a stop: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP; nil when nothing asked to stop.
  package static var exitCode: Int32? { signal.map { 128 + $0 } }

  /// Throws `.interrupted` once a signal has asked to stop. Not for what a stop must not cut off, such as saving.
  package static func check() throws(Failure) {
    if let signal { throw Failure(.interrupted, "stopped by signal \(signal)") }
  }

  /// Whether a save was asked for since the last call.
  package static func takeSave() -> Bool { csignals_take_save() != 0 }

  /// From here on TERM and HUP ask to stop, and INT to end what is going on, for `takeInterrupt`. A second INT before the
  /// first one was taken ends the process at once.
  package static func installInterrupts() { csignals_install_interrupts() }

  /// Whether INT has come since the last call.
  package static func takeInterrupt() -> Bool { csignals_take_interrupt() != 0 }
}
