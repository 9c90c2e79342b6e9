import Foundation
import PIQCheckpoints
import PIQTensor
import TestSupport
import Testing

/// Every golden tensor of SpeechBrain's PIQ: outputs, gradients, running statistics, three steps of
/// training, metrics; and of its front end and its resampler.
///
/// The suite discovers the case files; a case of a kind that it does not know fails, and so does a
/// tensor that is not computed.
@Suite(.serialized)
struct ReferenceTests {
  @Test("the reference folder holds cases")
  func folderIsThere() {
    #expect(!ReferenceCase.names.isEmpty, "no cases in \(ReferenceCase.folder)")
  }

  @Test("case", arguments: ReferenceCase.names)
  func reproduces(_ name: String) throws {
    let reference = try ReferenceCase(name)
    let run = try ReferenceRun(reference)
    var report = ParityReport(kind: reference.kind)
    for tensor in reference.file.names where isCompared(tensor) {
      guard let tolerance = reference.tolerance(for: tensor) else {
        report.bounded += 1
        continue
      }
      if let actual = run.integers[tensor] {
        let expected = try reference.integers(tensor)
        #expect(actual == expected, "\(tensor) differs")
        report.addExact(isEqual: actual == expected)
      } else if let actual = run.floats[tensor] {
        let difference = TensorDifference(actual, try reference.floats(tensor))
        #expect(difference.relative <= tolerance, "\(tensor): \(difference)")
        report.add(tensor, error: difference.relative)
      } else {
        Issue.record("\(tensor) is not computed")
      }
    }
    ParitySummary.add(report)
  }

  private func isCompared(_ tensor: String) -> Bool {
    ["output.", "grad.", "after"].contains { tensor.hasPrefix($0) }
  }
}
