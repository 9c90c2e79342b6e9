// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// A library target under Sources/.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(of name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// In the order that a clip passes them; a target imports only targets above it.
let package = Package(
  name: "piq-audio",
  products: [
    .library(
      name: "PIQ",
      targets: [
        "PIQTensor", "PIQAudioIO", "PIQSpectral", "PIQNeuralNetwork", "PIQ", "PIQCheckpoints",
        "PIQModels",
      ]),
    .executable(name: "piq-audio", targets: ["piq-audio"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CPIQSndfile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
    .systemLibrary(name: "CPIQFFTW", pkgConfig: "fftw3f", providers: [.apt(["libfftw3-dev"])]),
    .systemLibrary(name: "CPIQOneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CPIQCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CPIQZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(
      name: "CPIQCairo", pkgConfig: "cairo",
      providers: [.apt(["libcairo2-dev", "fonts-dejavu-core"])]),
    .systemLibrary(name: "CPIQPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),

    .target(name: "CPIQKernels"),

    module("PIQPlatform", []),
    module("PIQTensor", ["PIQPlatform"]),
    module("PIQAudioIO", ["CPIQSndfile", "PIQPlatform"]),
    module("PIQSpectral", ["CPIQFFTW", "PIQTensor"]),
    module("PIQOneDNN", ["CPIQOneDNN", "PIQPlatform", "PIQTensor"]),
    module("PIQNeuralNetwork", ["CPIQKernels", "PIQOneDNN", "PIQPlatform", "PIQTensor"]),
    module("PIQ", ["PIQNeuralNetwork", "PIQPlatform", "PIQSpectral", "PIQTensor"]),
    module(
      "PIQCheckpoints",
      ["CPIQCrypto", "CPIQZip", "PIQPlatform", "PIQTensor", yams]),
    module(
      "PIQModels",
      ["PIQCheckpoints", "PIQPlatform", "PIQNeuralNetwork", "PIQ", "PIQSpectral", "PIQTensor"]),
    module("PIQPlotting", ["CPIQCairo", "CPIQPNG", "PIQPlatform", "PIQTensor"]),
    module("PIQDatasets", ["PIQAudioIO", "PIQPlatform"]),
    module(
      "PIQPipeline",
      [
        "PIQAudioIO", "PIQCheckpoints", "PIQPlatform", "PIQModels", "PIQNeuralNetwork", "PIQ",
        "PIQPlotting", "PIQSpectral", "PIQTensor",
      ]),
    module("PIQRuns", ["PIQAudioIO", "PIQModels", "PIQPipeline", "PIQPlatform"]),
    module(
      "PIQReport",
      [
        "PIQAudioIO", "PIQPipeline", "PIQCheckpoints", "PIQPlatform", "PIQPlotting", "PIQSpectral",
        "PIQTensor", .product(name: "Mustache", package: "swift-mustache"),
      ]),
    module(
      "PIQEvaluation",
      [
        "PIQDatasets", "PIQPlatform", "PIQModels", "PIQNeuralNetwork", "PIQ", "PIQPlotting",
        "PIQSpectral", "PIQTensor",
      ]),
    module(
      "PIQTraining",
      [
        "PIQCheckpoints", "PIQDatasets", "PIQEvaluation", "PIQPlatform", "PIQModels",
        "PIQNeuralNetwork", "PIQ", "PIQPlotting", "PIQSpectral", "PIQTensor", yams,
      ]),
    .executableTarget(
      name: "piq-audio",
      dependencies: [
        "PIQAudioIO", "PIQPipeline", "PIQCheckpoints", "PIQDatasets", "PIQEvaluation",
        "PIQPlatform", "PIQModels",
        "PIQNeuralNetwork", "PIQ", "PIQReport", "PIQRuns", "PIQSpectral", "PIQTensor",
        "PIQTraining", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),

    .target(
      name: "TestSupport", dependencies: ["PIQCheckpoints", "PIQNeuralNetwork", "PIQTensor"],
      path: "Tests/TestSupport",
      swiftSettings: settings),
    tests(of: "PIQPlatform", ["PIQPlatform"]),
    tests(of: "PIQTensor", ["PIQTensor"]),
    tests(of: "PIQAudioIO", ["PIQAudioIO", "PIQPlatform"]),
    tests(of: "PIQSpectral", ["PIQSpectral", "PIQTensor"]),
    tests(
      of: "PIQNeuralNetwork",
      ["PIQCheckpoints", "PIQNeuralNetwork", "PIQOneDNN", "PIQPlatform", "PIQTensor"]),
    tests(of: "PIQ", ["PIQ", "PIQNeuralNetwork", "PIQSpectral", "PIQTensor"]),
    tests(of: "PIQCheckpoints", ["PIQCheckpoints", "PIQPlatform", "PIQTensor"]),
    tests(
      of: "PIQModels",
      [
        "PIQAudioIO", "PIQCheckpoints", "PIQModels", "PIQNeuralNetwork", "PIQ", "PIQPlatform",
        "PIQSpectral", "PIQTensor",
      ]),
    tests(of: "PIQPlotting", ["PIQPlatform", "PIQPlotting", "PIQTensor"]),
    tests(
      of: "PIQPipeline",
      [
        "PIQAudioIO", "PIQPipeline", "PIQCheckpoints", "PIQModels", "PIQNeuralNetwork", "PIQ",
        "PIQPlatform", "PIQPlotting", "PIQRuns", "PIQSpectral", "PIQTensor",
      ]),
    tests(
      of: "PIQRuns",
      [
        "PIQAudioIO", "PIQCheckpoints", "PIQModels", "PIQPipeline", "PIQPlatform", "PIQ",
        "PIQRuns",
      ]),
    tests(
      of: "PIQReport",
      ["PIQAudioIO", "PIQPipeline", "PIQCheckpoints", "PIQPlatform", "PIQReport", "PIQTensor"]),
    tests(of: "PIQDatasets", ["PIQDatasets", "PIQPlatform"]),
    tests(
      of: "PIQEvaluation",
      [
        "PIQCheckpoints", "PIQDatasets", "PIQEvaluation", "PIQModels", "PIQ", "PIQPlatform",
        "PIQPlotting", "PIQTensor",
      ]),
    tests(
      of: "PIQTraining",
      [
        "PIQAudioIO", "PIQCheckpoints", "PIQDatasets", "PIQEvaluation", "PIQModels",
        "PIQNeuralNetwork", "PIQ", "PIQPlatform", "PIQSpectral", "PIQTensor", "PIQTraining",
      ]),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "PIQAudioIO", "PIQPipeline", "PIQCheckpoints", "PIQDatasets", "PIQModels", "PIQPlatform",
        "PIQReport", "PIQRuns", "PIQSpectral", "PIQTensor", "TestSupport", "PIQTraining",
      ],
      path: "Tests/FuzzTargets", swiftSettings: settings),
    tests(of: "Fuzz", ["FuzzTargets"]),
    tests(of: "Command", ["PIQAudioIO", "PIQCheckpoints", "PIQTensor"]),
    tests(
      of: "Reference",
      ["PIQAudioIO", "PIQCheckpoints", "PIQNeuralNetwork", "PIQ", "PIQSpectral", "PIQTensor"]),
  ]
)

// Needs the compiler's libFuzzer, which only `make fuzz` asks for.
if Context.environment["PIQ_AUDIO_FUZZER"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzzer", dependencies: ["FuzzTargets"], path: "Tests/Fuzzer", swiftSettings: settings))
}
