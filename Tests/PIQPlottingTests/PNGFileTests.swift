import Foundation
import PIQPlatform
import PIQPlotting
import PIQTensor
import Testing

@Suite final class PNGFileTests {
  private let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "/plotting-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func figure() throws -> InterpretationFigure {
    try PIQPlottingTests.figure(grid(frames: 30, bins: 20, loud: [(3, 4)]), source: "clip.wav")
  }

  @Test func theFileIsAPNGOfTheFiguresSize() throws {
    let path = folder + "/figure.png"
    try figure().write(toPNG: path)
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
    func number(at offset: Int) -> Int {
      bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    #expect(bytes[12..<16].elementsEqual("IHDR".utf8))
    #expect((number(at: 16), number(at: 20)) == (1500, 518))
    // The last chunk ends the file: nothing is missing.
    #expect(bytes[(bytes.count - 8)..<(bytes.count - 4)].elementsEqual("IEND".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["figure.png"])
  }

  @Test func theSameFigureGivesTheSameBytes() throws {
    try figure().write(toPNG: folder + "/one.png")
    try figure().write(toPNG: folder + "/two.png")
    #expect(
      FileManager.default.contentsEqual(atPath: folder + "/one.png", andPath: folder + "/two.png"))
  }

  @Test func figuresDrawnAtOnceAreTheSame() async throws {
    let figure = try figure()
    let alone = try figure.render().canvas.png()
    try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<8 {
        group.addTask { try figure.render().canvas.png() }
      }
      for try await bytes in group { #expect(bytes == alone) }
    }
  }

  @Test func anExistingFileIsReplaced() throws {
    let path = folder + "/figure.png"
    try Data("old".utf8).write(to: URL(fileURLWithPath: path))
    try figure().write(toPNG: path)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count > 1000)
  }

  @Test func aMissingFolderIsNamed() throws {
    let path = folder + "/missing/figure.png"
    let error = #expect(throws: Failure.self) { try figure().write(toPNG: path) }
    #expect(error?.path == path)
    #expect((error?.underlying as? POSIXError)?.code == .ENOENT)
  }

  @Test func aFileInTheFoldersPlaceIsNamed() throws {
    try Data().write(to: URL(fileURLWithPath: folder + "/file"))
    let path = folder + "/file/figure.png"
    let error = #expect(throws: Failure.self) { try figure().write(toPNG: path) }
    #expect(error?.path == path)
    #expect((error?.underlying as? POSIXError)?.code == .ENOTDIR)
  }

  @Test func aFolderInTheFilesPlaceIsNamed() throws {
    let error = #expect(throws: Failure.self) { try figure().write(toPNG: folder) }
    #expect(error?.path == folder)
    #expect((error?.underlying as? POSIXError)?.code == .EISDIR)
  }

  // The superuser may write to any folder.
  @Test(.enabled(if: geteuid() != 0)) func anUnwritableFolderIsNamed() throws {
    #expect(chmod(folder, 0o555) == 0)
    defer { chmod(folder, 0o755) }
    let path = folder + "/figure.png"
    let error = #expect(throws: Failure.self) { try figure().write(toPNG: path) }
    #expect(error?.path == path)
    #expect((error?.underlying as? POSIXError)?.code == .EACCES)
  }
}
