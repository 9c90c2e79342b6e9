import Foundation
import PIQPlatform

/// A file that ffmpeg decodes, where the machine has it.
final class FFmpegSource: SoundSource {
  let formatName: String
  let declaredFrames: Int? = nil
  private(set) var remarks: SoundRemarks

  private let name: String
  private let process: FFmpegProcess
  private let (channels, sampleRate): (Int, Int)
  private var framesRead = 0
  private var isAtEnd = false
  /// A file for ffmpeg, where the bytes are in memory.
  private let file: FileBytes

  /// Opens a file of a format that only ffmpeg decodes; nil for any other.
  ///
  /// - Throws: as `init`.
  static func open(_ bytes: FileBytes, name: String) throws(SoundFileError) -> FFmpegSource? {
    guard let format = ForeignFormat.find(bytes.bytes(at: 0, count: 32)) else { return nil }
    return try FFmpegSource(bytes, name: name, formatName: format.name)
  }

  /// Starts ffmpeg on `bytes`.
  ///
  /// - Parameters:
  ///   - formatName: completes "holds …".
  ///   - remarks: what the container says.
  /// - Throws: `SoundFileError` where there is no ffmpeg, or where it cannot decode them.
  init(
    _ bytes: FileBytes, name: String, formatName: String, remarks: SoundRemarks = SoundRemarks()
  ) throws(SoundFileError) {
    self.remarks = remarks
    guard let ffmpeg = FFmpegProcess.path else {
      throw SoundFileError(path: name, problem: .needsFFmpeg(formatName))
    }
    self.name = name
    self.formatName = formatName
    file = try Spool.file(of: bytes, name: name)
    guard let descriptor = file.descriptor else {
      throw SoundFileError(path: name, problem: .notARegularFile)
    }
    let header: [UInt8]
    do {
      process = try FFmpegProcess(ffmpeg, reading: descriptor)
      // The header of AU: mark, size of the header, of the sound, encoding, rate, channels.
      header = try process.read(24)
      if header.count == 24 {
        _ = try process.read(min(1 << 20, max(0, bigEndian(header[4..<8]) - 24)))
      }
    } catch {
      throw .system(path: name, action: "decode it with ffmpeg", errno: error.code)
    }
    (sampleRate, channels) =
      header.count == 24 ? (bigEndian(header[16..<20]), bigEndian(header[20..<24])) : (0, 0)
    guard header.starts(with: ".snd".utf8), sampleRate > 0, (1...1024).contains(channels) else {
      _ = process.finish()
      throw SoundFileError(path: name, problem: .unsupported(Self.reason(in: process.complaint)))
    }
  }

  func next() throws(SoundFileError) -> SoundBlock? {
    guard !isAtEnd else { return nil }
    let size = SoundBlock.mostFrames(channels: channels) * channels * 4
    let bytes: [UInt8]
    do {
      bytes = try process.read(size)
    } catch {
      throw .system(path: name, action: "decode it with ffmpeg", errno: error.code)
    }
    if bytes.count < size { try finish(isEmpty: framesRead == 0 && bytes.isEmpty) }
    let count = bytes.count / (4 * channels) * channels
    guard count > 0 else { return nil }
    framesRead += count / channels
    let samples = bytes.withUnsafeBytes { bytes in
      (0..<count).map {
        Float(
          bitPattern: UInt32(
            bigEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
    return SoundBlock(samples: samples, channels: channels, sampleRate: sampleRate)
  }

  private func finish(isEmpty: Bool) throws(SoundFileError) {
    isAtEnd = true
    let isDone = process.finish()
    guard !isDone || !process.complaint.isEmpty else { return }
    let reason = Self.reason(in: process.complaint)
    if isEmpty { throw SoundFileError(path: name, problem: .unsupported(reason)) }
    remarks.complaint = reason
  }

  /// The first of ffmpeg's lines, without the address of the part that says it.
  private static func reason(in complaint: String) -> String {
    let lines = complaint.split(separator: "\n").map { line in
      line.replacing(/^\[[^\]]*\] */, with: "").replacing("file:/proc/self/fd/0: ", with: "")
    }
    let said = lines.first { !$0.isEmpty }
    return "ffmpeg says: " + printable(String((said ?? "nothing").prefix(200)))
  }
}
