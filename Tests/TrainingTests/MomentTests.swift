import Autograd
import Files
import Kernels
import Testing
import Training

@Suite struct MomentTests {
  @Test(arguments: Moment.Format.allCases) func rowsAreReplacedAloneAndReadBack(_ format: Moment.Format) throws {
    let moment = Moment(zeros: [5, 3], as: format)
    // Nine numbers that both formats hold exactly.
    let zeros: [Float] = [0, 0, 0]
    #expect(moment.values(rows: 0..<5).elements == Array(repeating: 0, count: 15))
    let values = (0..<9).map { Float($0 - 4) * 0.5 }
    try moment.replace(rows: 1..<4) { (buffer, shape) throws(Failure) in
      #expect(shape == [3, 3] && buffer.count == 9)
      buffer.assign(values)
    }
    #expect(moment.values(rows: 0..<5).elements == zeros + values + zeros)
    #expect(moment.values(rows: 2..<3).elements == Array(values[3..<6]))
  }

  @Test func halvesAreTheNearest() throws {
    let moment = Moment(zeros: [3], as: .bfloat16)
    let step: Float = 1 / 128
    let given: [Float] = [1 + 0.6 * step, 1 + 1.5 * step, -1 - 0.4 * step]
    let expected: [Float] = [1 + step, 1 + 2 * step, -1]
    try moment.replace(rows: 0..<3) { (buffer, _) throws(Failure) in
      // A step is 1/128 between 1 and 2; a tie goes to the even one.
      buffer.assign(given)
    }
    #expect(moment.values(rows: 0..<3).elements == expected)
  }
}
