import Glibc

/// Calls of the operating system.
package enum SystemCall {
  /// What `call` gives, called again while a signal interrupts it.
  @discardableResult
  package static func retrying<Status: SignedInteger>(_ call: () -> Status) -> Status {
    while true {
      let status = call()
      if status >= 0 || errno != EINTR { return status }
    }
  }

  /// Closes a descriptor; the result is the error, 0 if there is none. One that a signal interrupts is closed all the same.
  package static func close(_ descriptor: Int32) -> Int32 {
    Glibc.close(descriptor) == 0 || errno == EINTR ? 0 : errno
  }

  /// Writes all of `bytes`; the result is the error, nil if there is none.
  package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
    var done = 0
    while done < bytes.count {
      let put = retrying { Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done) }
      if put < 0 { return errno }
      done += put
    }
    return nil
  }

  /// Waits until what was written to the file or folder is on the disk. Some file systems cannot synchronise folders and say
  /// so with EINVAL; nothing more can be done then.
  package static func synchronize(_ descriptor: Int32) -> Int32 {
    retrying { fsync(descriptor) } == 0 || errno == EINVAL ? 0 : errno
  }
}

extension Failure {
  /// A failed system call. What the machine lacks (space, memory, descriptors) or fails to do (a disk error) is `.resources`
  /// whatever `area` is: it says nothing about the contents of the file.
  package static func system(_ area: Area, _ what: String, at place: String, _ number: Int32) -> Failure {
    let isMachine = machineErrors.contains(number)
    return Failure(isMachine ? .resources : area, what, at: place, notes: [String(cString: strerror(number))])
  }

  /// The numbers of errors that are the machine's and not the file's.
  package static let machineErrors: [Int32] = [
    ENOSPC, EDQUOT, EFBIG, EROFS, EMFILE, ENFILE, ENOMEM, EIO, EINTR, EAGAIN, EBUSY, ENOLCK, ENOBUFS, ESTALE, ETIMEDOUT,
    ENXIO,
  ]
}
