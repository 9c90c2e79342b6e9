import Foundation
import PIQPlatform
import TestSupport
import Testing

/// How much memory a process may use, from the limits on it.
@Suite struct MemoryTests {
  private let machine = MemoryLimits(
    physical: 16e9, free: 10e9, controlGroup: nil, addressSpace: nil, reserved: 2e9)

  @Test func withoutLimitsItIsTheMachines() {
    #expect(machine.available == 16e9)
    #expect(machine.unused == 10e9)
  }

  @Test func aControlGroupLimitsBothReadings() {
    var limits = machine
    limits.controlGroup = 3e9
    #expect(limits.available == 3e9)
    #expect(limits.unused == 3e9)
    // As groups without a limit may say.
    limits.controlGroup = 9e18
    #expect(limits.available == 16e9)
  }

  @Test func whatIsReservedCountsAgainstTheAddressSpace() {
    var limits = machine
    limits.addressSpace = 5e9
    #expect(limits.available == 3e9)
    limits.addressSpace = 1e9
    #expect(limits.available == 0)
    #expect(limits.unused == 0)
  }

  @Test func thisMachineHasSome() {
    #expect(Memory.limits.physical >= Memory.limits.free)
    #expect(Memory.limits.unused > 0)
  }

  /// It once looked at the machine's memory, whatever the container's.
  @Test func aFileIsRefusedThatTheControlGroupCannotHold() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Data(count: 1 << 20), to: "large")
    var limits = Memory.limits
    limits.controlGroup = 1e6
    let error = try #require(
      Memory.$assumed.withValue(limits) {
        #expect(throws: Failure.self) { _ = try FileContents(path: path) }
      })
    #expect(error.path == path)
    #expect(error.problem.hasPrefix("does not fit in memory"))
    #expect(try FileContents(path: path).count == 1 << 20)
  }
}
