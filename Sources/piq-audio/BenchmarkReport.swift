import Foundation
import PIQAudio

/// The results of `piq-audio benchmark`.
struct BenchmarkReport: Encodable {
  let model: String
  /// Of the clip, in seconds.
  let duration: Double
  let threads: Int
  let cpu: String
  let instructionSet: String
  let oneDNN: String
  /// Operations a second of products of matrices, in billions: f32, and bf16 where it is used.
  let peak: Double
  let bfloat16Peak: Double?
  let layers: [Layer]
  /// The median of the passes' sums, in seconds.
  let total: Double

  struct Layer: Encodable {
    let name: String
    let method: String
    let seconds: Double
    /// Billions of operations a second, by the layer's definition; nil where it has no products.
    let gflops: Double?
    /// The fraction of the peak, 0 to 1.
    let utilization: Double?

    /// Whether oneDNN has no fast kernel for it on this CPU.
    var isSlow: Bool { method.contains("(ref") || method.contains("(gemm") }
  }

  enum CodingKeys: String, CodingKey {
    case model, duration, threads, cpu, layers, total
    case instructionSet = "instruction_set"
    case oneDNN = "onednn"
    case peak = "peak_gflops"
    case bfloat16Peak = "peak_gflops_bf16"
  }

  /// - Parameter passes: of the same layers each.
  init(
    model: String, seconds: Double, threads: Int, peak: Double, bfloat16Peak: Double?,
    passes: [[LayerClock.Layer]]
  ) {
    self.model = model
    duration = seconds
    self.threads = threads
    cpu = Self.cpuName
    instructionSet = PIQOneDNN.instructionSet
    oneDNN = PIQOneDNN.libraryVersion
    self.peak = peak / 1e9
    self.bfloat16Peak = bfloat16Peak.map { $0 / 1e9 }
    total = Self.median(passes.map { $0.reduce(0) { $0 + $1.seconds } })
    layers = (passes.first ?? []).indices.map { index in
      let layer = passes[0][index]
      let seconds = Self.median(passes.map { $0[index].seconds })
      let limit = layer.method.contains("bf16") ? bfloat16Peak ?? peak : peak
      let hasProducts = layer.multiplications > 0
      return Layer(
        name: layer.name, method: layer.method, seconds: seconds,
        gflops: hasProducts ? 2 * layer.multiplications / seconds / 1e9 : nil,
        utilization: hasProducts ? 2 * layer.performed / seconds / limit : nil)
    }
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  private static var cpuName: String {
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = lines.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map {
      $0.trimmingCharacters(in: .whitespaces)
    } ?? "unknown CPU"
  }

  /// The report as text.
  ///
  /// - Parameter hasColor: whether a hot layer without a fast kernel is shown in red.
  func table(hasColor: Bool) -> String {
    let peaks =
      String(format: "%.0f GFLOP/s in f32", peak)
      + (bfloat16Peak.map { String(format: ", %.0f in bf16", $0) } ?? "")
    var lines = [
      "\(printable(cpu)), \(threads) thread\(threads == 1 ? "" : "s"), oneDNN \(oneDNN) with "
        + instructionSet,
      "Peak of a product of matrices: \(peaks)",
      "\(printable(model)), a clip of \(String(format: "%.1f", duration)) s", "",
    ]
    let width = max(5, layers.map(\.name.count).max() ?? 0)
    func row(_ columns: [String], _ method: String) -> String {
      let numbers = columns.dropFirst().map { $0.aligned(right: 9) }.joined()
      return columns[0].aligned(left: width) + numbers + (method.isEmpty ? "" : "  " + method)
    }
    lines.append(row(["layer", "ms", "share", "GFLOP/s", "of peak"], "method"))
    for layer in layers {
      let share = layer.seconds / max(total, 1e-9)
      let line = row(
        [
          layer.name, String(format: "%.1f", layer.seconds * 1000), percent(share),
          layer.gflops.map { String(format: "%.0f", $0) } ?? "",
          layer.utilization.map(percent) ?? "",
        ], layer.method)
      let isHot = layer.isSlow && share >= 0.05
      lines.append(isHot && hasColor ? "\u{1B}[31m\(line)\u{1B}[0m" : line)
    }
    lines.append(row(["total", String(format: "%.1f", total * 1000), "", "", ""], ""))
    lines.append(String(format: "%.1f seconds of sound a second", duration / max(total, 1e-9)))
    return lines.joined(separator: "\n")
  }

  private func percent(_ part: Double) -> String { String(format: "%.0f %%", 100 * part) }
}
