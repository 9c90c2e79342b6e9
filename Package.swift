// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// A room of the house: a library target under Sources/.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(of name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// The order below is the way of a clip through the program; a target imports only targets above it.
let package = Package(
  name: "piq-audio",
  products: [
    .library(
      name: "PIQ",
      targets: ["Tensor", "AudioIO", "Spectral", "NeuralNetwork", "PIQ", "Checkpoints", "Models"]),
    .executable(name: "piq-audio", targets: ["piq-audio"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: [
    .systemLibrary(name: "CSndfile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
    .systemLibrary(name: "CFFTW", pkgConfig: "fftw3f", providers: [.apt(["libfftw3-dev"])]),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(
      name: "CCairo", pkgConfig: "cairo", providers: [.apt(["libcairo2-dev", "fonts-dejavu-core"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),

    .target(name: "CTiles"),

    room("Files", []),
    room("Tensor", []),
    room("AudioIO", ["CSndfile", "Files"]),
    room("Spectral", ["CFFTW", "Tensor"]),
    room("OneDNN", ["COneDNN", "Tensor"]),
    room("NeuralNetwork", ["CTiles", "OneDNN", "Tensor"]),
    room("PIQ", ["NeuralNetwork", "Spectral", "Tensor"]),
    room(
      "Checkpoints",
      ["CCrypto", "CZip", "Files", "Tensor", yams]),
    room("Models", ["Checkpoints", "Files", "NeuralNetwork", "PIQ", "Spectral", "Tensor"]),
    room("Plotting", ["CCairo", "CPNG", "Files", "Tensor"]),
    room("Datasets", ["AudioIO", "Files"]),
    room(
      "Batch",
      [
        "AudioIO", "Checkpoints", "Datasets", "Files", "Models", "NeuralNetwork", "PIQ", "Plotting",
        "Spectral", "Tensor",
      ]),
    room(
      "Report",
      [
        "AudioIO", "Batch", "Checkpoints", "Files", "Plotting", "Tensor",
        .product(name: "Mustache", package: "swift-mustache"),
      ]),
    room(
      "Evaluation",
      [
        "AudioIO", "Batch", "Datasets", "Files", "Models", "NeuralNetwork", "PIQ", "Plotting",
        "Spectral", "Tensor",
      ]),
    room(
      "Training",
      [
        "AudioIO", "Batch", "Checkpoints", "Datasets", "Evaluation", "Files", "Models",
        "NeuralNetwork", "PIQ", "Plotting", "Spectral", "Tensor", yams,
      ]),
    .executableTarget(
      name: "piq-audio",
      dependencies: [
        "AudioIO", "Batch", "Checkpoints", "Datasets", "Evaluation", "Files", "Models",
        "NeuralNetwork", "PIQ", "Report", "Spectral", "Tensor", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),

    .target(
      name: "TestSupport", dependencies: ["Checkpoints", "NeuralNetwork", "Tensor"],
      path: "Tests/TestSupport",
      swiftSettings: settings),
    tests(of: "Tensor", ["Tensor"]),
    tests(of: "AudioIO", ["AudioIO", "Files"]),
    tests(of: "Spectral", ["Spectral", "Tensor"]),
    tests(of: "NeuralNetwork", ["Checkpoints", "NeuralNetwork", "OneDNN", "Tensor"]),
    tests(of: "PIQ", ["PIQ", "NeuralNetwork", "Spectral", "Tensor"]),
    tests(of: "Checkpoints", ["Checkpoints", "Files", "Tensor"]),
    tests(
      of: "Models",
      ["AudioIO", "Checkpoints", "Models", "NeuralNetwork", "PIQ", "Spectral", "Tensor"]),
    tests(of: "Plotting", ["Files", "Plotting", "Tensor"]),
    tests(
      of: "Batch",
      ["AudioIO", "Batch", "Checkpoints", "Models", "NeuralNetwork", "PIQ", "Tensor"]),
    tests(of: "Report", ["AudioIO", "Batch", "Checkpoints", "Files", "Report", "Tensor"]),
    tests(of: "Datasets", ["Datasets"]),
    tests(
      of: "Evaluation",
      ["Checkpoints", "Datasets", "Evaluation", "Models", "PIQ", "Plotting", "Tensor"]),
    tests(
      of: "Training",
      [
        "AudioIO", "Checkpoints", "Datasets", "Evaluation", "Models", "NeuralNetwork", "PIQ",
        "Spectral", "Tensor", "Training",
      ]),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "AudioIO", "Batch", "Checkpoints", "Datasets", "Models", "Report", "Spectral", "Tensor",
        "TestSupport", "Training",
      ],
      path: "Tests/FuzzTargets", swiftSettings: settings),
    tests(of: "Fuzz", ["FuzzTargets"]),
    tests(of: "Command", ["AudioIO", "Checkpoints", "Tensor"]),
    tests(
      of: "Reference", ["AudioIO", "Checkpoints", "NeuralNetwork", "PIQ", "Spectral", "Tensor"]),
  ]
)

// Needs the compiler's libFuzzer, which only `make fuzz` asks for.
if Context.environment["PIQ_AUDIO_FUZZER"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzzer", dependencies: ["FuzzTargets"], path: "Tests/Fuzzer", swiftSettings: settings))
}
